import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeadlinePassed } from '../../../src/core/deadline.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { admit } from '../../../src/runner/admit.ts';
import { buildPage } from '../../../src/runner/build-page.ts';
import { candidatesOf } from '../../../src/runner/candidates.ts';
import { withCode } from '../../support/errors.ts';
import { codesOf, type Lab } from '../../support/simulated/lab.ts';
import type { PackageTraits } from '../../support/simulated/package-guest.ts';
import { packageLab, type SameVersions } from '../../support/simulated/package-image.ts';
import { fails, prints } from '../../support/simulated/shell.ts';

/** A device that is upgraded by opkg, a scenario, and what is to come of it. */
interface History {
  traits?: PackageTraits;
  fields?: Record<string, unknown>;
  before?: (lab: Lab) => void;
  /** Cuts in every state. */
  cuts?: true;
  codes?: string[];
  verdict?: 'failed' | 'error';
  steps?: string[];
  says?: RegExp;
}

const edited = { provision: [{ append: { path: '/etc/app.conf', content: 'mine=1\n' } }] };
const withExtra = {
  provision: [{ install: ['extra'] }, { append: { path: '/etc/extra.conf', content: 'mine=1\n' } }],
};
const isRecord = /^'cat'/;
const later =
  (pattern: RegExp, output: () => ReturnType<typeof prints>): PackageTraits['before'] =>
  (command, booted) =>
    booted > 1 && pattern.test(command) ? output() : undefined;
const tooSlow = () => {
  throw new DeadlinePassed('a command', 120_000);
};

async function take({ traits = {}, fields = {}, before, cuts }: History) {
  const lab = await packageLab(traits);
  await lab.scenario(fields);
  before?.(lab);
  const record = await lab.run({ powerCuts: { mode: cuts === true ? 'all' : 'none' } });
  const problems = [
    ...record.paths.flatMap(({ steps }) => steps.flatMap(({ problem }) => problem ?? [])),
    ...(record.crash?.cuts ?? []).flatMap(({ checks }) => checks.flatMap(({ problem }) => problem ?? [])),
    ...(record.problem === undefined ? [] : [record.problem]),
  ];
  return { lab, record, problems };
}

describe('a device that is upgraded by packages is green:', () => {
  it.each(
    Object.entries<History>({
      'every release in turn': {
        fields: { releases: ['1.0', '1.1', '2.0'], ...edited },
        steps: ['1.1->2.0 release', '1.1->2.0 configuration'],
      },
      'with a login shell that greets': {
        traits: { greets: 'Package: alpha\nVersion: 0\n\n' },
        fields: edited,
        cuts: true,
        steps: ['1.0->1.1 release', '1.0->1.1 configuration'],
      },
      'and back again': {
        fields: { releases: ['1.0', '1.1'], paths: [['1.0', '1.1', '1.0']] },
        steps: ['1.1->1.0 release'],
      },
      'packages that the owner installs, and that are removed and installed again at the end': {
        fields: { ...withExtra, reinstall: ['extra'] },
        steps: ['installed: install', 'removed: gone', 'reinstalled: install'],
      },
      'a server with faults': {
        fields: {
          feedFaults: [
            { name: 'no index', fault: 'missing' },
            { name: 'wrong index', fault: 'corrupted' },
            { name: 'no beta', fault: 'missing', package: 'beta' },
            { name: 'wrong alpha', fault: 'corrupted', package: 'alpha' },
            { name: 'index first', fault: 'index-first' },
            { name: 'packages first', fault: 'packages-first' },
          ],
        },
        steps: [
          '1.0->1.1 no beta: refused',
          '1.0->1.1 no beta: repaired: release',
          '1.0->1.1 packages first: refused',
        ],
      },
      'a cut at any moment, and the recovery that follows': { fields: edited, cuts: true },
    }),
  )('%s', async (_, history) => {
    const { record, problems } = await take(history);
    expect(problems).toEqual([]);
    expect(record.verdict).toBe('passed');
    const names = record.paths.flatMap(({ steps }) => steps.map(({ name }) => name));
    expect(names).toEqual(expect.arrayContaining(history.steps ?? []));
    if (history.cuts === true) expect(record.crash?.claim).toBe('exhaustive');
  });

  it.each<[string, PackageTraits, string[], RegExp]>([
    [
      'a mode that the owner has changed, and a script changes again',
      { script: { path: '/usr/bin/beta', mode: '600' } },
      ["chmod 600 '/usr/bin/beta'"],
      /^1 paths are not as packaged: \/usr\/bin\/beta of beta has mode 600, not 644 \(as before the upgrade\)$/,
    ],
    ['a device that cannot tell how paths are', { hasNoStat: () => true }, [], /are not compared/],
  ])('%s: and says so', async (_, traits, run, says) => {
    const lab = await packageLab(traits);
    await lab.scenario({ provision: run.map((one) => ({ run: one })) });
    const record = await lab.run();
    expect([record.verdict, codesOf(record)]).toEqual(['passed', []]);
    const note = record.paths[0]?.steps.find(({ name }) => name === '1.0->1.1 release')?.note;
    expect(note).toMatch(says);
    expect(summaryText([record])).toContain(`note: ${note ?? ''}\n`);
    // What was odd before is known to a recording that is used again, too.
    const again = await lab.run();
    expect([again.crash?.recording.reused, again.verdict]).toEqual([true, 'passed']);
    expect(summaryText([again])).toContain(`note: ${note ?? ''}\n`);
  });

  it('a mode that the scenario says a script changes', async () => {
    const { record } = await take({
      traits: { script: { path: '/usr/bin/beta', mode: '600' } },
      fields: { expect: { changedByScripts: ['/usr/bin/b*'] } },
      cuts: true,
    });
    expect([record.verdict, codesOf(record)]).toEqual(['passed', []]);
  });

  it('says what the upgrade changed, and describes the system in SPDX', async () => {
    const { lab, record } = await take({});
    const [table] = record.paths[0]?.software ?? [];
    expect(table?.upgrade).toBe('1.0->1.1');
    expect(JSON.stringify(table?.diff)).toMatch(/alpha.*1\.0.*2\.0/);
    const documents = table?.documents ?? [];
    expect(documents).toHaveLength(2);
    for (const file of documents)
      expect(await readFile(join(lab.reports, 'latest', file), 'utf8')).toMatch(/"name": "alpha"/);
  });
});

describe('a device that is upgraded by packages is red:', () => {
  it.each(
    Object.entries<History>({
      "a conffile that is not the owner's any more": {
        traits: { overwritesConffiles: true },
        fields: edited,
        codes: ['configuration-lost'],
      },
      'a package manager that says nothing of what it could not have': {
        traits: { saysNothing: true },
        fields: { feedFaults: [{ name: 'no beta', fault: 'missing', package: 'beta' }] },
        codes: ['silent-failure'],
        says: /on neither release/,
      },
      'files that a removed package leaves': {
        traits: { leavesFiles: true },
        fields: { ...withExtra, reinstall: ['extra'] },
        codes: ['files-left'],
      },
      'a record that cannot be read': {
        traits: { before: later(isRecord, () => fails(1, 'Input/output error')) },
        codes: ['package-database'],
      },
      'a record with nothing in it': {
        traits: { before: later(isRecord, () => prints('')) },
        codes: ['package-database'],
      },
      'a record that never comes': {
        traits: { before: later(isRecord, tooSlow) },
        codes: ['observe-timeout'],
      },
      'a record without end': {
        traits: { before: later(isRecord, () => ({ ...prints('x'), truncated: true })) },
        codes: ['observe-failed'],
        says: /more than 64 MiB/,
      },
      'an index that never comes': {
        traits: { before: (command) => (/ update$/.test(command) ? tooSlow() : undefined) },
        codes: ['update-timeout'],
      },
      'an installation of packages that never ends': {
        traits: { before: (command) => (/ install extra$/.test(command) ? tooSlow() : undefined) },
        fields: withExtra,
        codes: ['add-timeout'],
      },
      'a removal that never ends': {
        traits: { before: (command) => (/^opkg remove/.test(command) ? tooSlow() : undefined) },
        fields: { ...withExtra, reinstall: ['extra'] },
        codes: ['remove-timeout'],
      },
      'a recovery that never ends': {
        traits: { before: (command) => (/ configure$/.test(command) ? tooSlow() : undefined) },
        cuts: true,
        codes: ['recover-timeout'],
      },
      'a device without sha256sum': {
        traits: { before: later(/^sh -s$/, () => fails(3, 'sh: sha256sum: not found')) },
        codes: ['observe-failed'],
      },
      'a record that is there before the files are': {
        traits: { recordsFirst: true },
        cuts: true,
        codes: ['content-mixed', 'paths-changed'],
      },
      'a script that leaves a program that nobody may run': {
        traits: { script: { path: '/usr/bin/beta', mode: '600' } },
        codes: ['paths-changed'],
        says: /\/usr\/bin\/beta of beta has mode 600, not 644$/,
      },
      'a script of a package that the scenario installs': {
        traits: { script: { path: '/usr/bin/extra', mode: '600' } },
        fields: withExtra,
        codes: ['paths-changed'],
        says: /\/usr\/bin\/extra of extra has mode 600/,
      },
      'modes that come after the record says that all is there': {
        traits: { setsLast: 'modes' },
        cuts: true,
        codes: ['paths-changed'],
        says: /\/usr\/bin\/\w+ of \w+ has mode 600, not 644/,
      },
      'links that come after the record says that all is there': {
        traits: { setsLast: 'links' },
        cuts: true,
        codes: ['paths-changed'],
        says: /\/usr\/bin\/first of alpha leads to alpha-1, not to alpha-2/,
      },
      'a device that can no longer look at paths': {
        traits: { hasNoStat: (booted) => booted > 1 },
        codes: ['observe-failed'],
        says: /stat/,
      },
      'a recovery that passes over what is there in part': {
        traits: { recoversNothing: true },
        cuts: true,
        codes: ['packages-partly'],
      },
    }),
  )('%s', async (_, history) => {
    const { record, problems } = await take(history);
    expect([record.verdict, codesOf(record)]).toEqual(['failed', history.codes]);
    expect(problems[0]?.message).toMatch(history.says ?? /./);
  });
});

describe('a release that has other content in the same version:', () => {
  const upgradeOf = async (same: SameVersions, traits: PackageTraits = {}) => {
    const lab = await packageLab(traits, same);
    await lab.scenario();
    const record = await lab.run();
    const problem = record.paths[0]?.steps.find(({ name }) => name === '1.0->1.1 release')?.problem;
    return { record, problem };
  };

  it.each<[string, SameVersions, RegExp]>([
    [
      'all packages, so that nothing is upgraded',
      { otherFiles: ['alpha', 'beta', 'extra'] },
      /^2 packages of 1\.1 are not the ones .*: alpha 1\.0 \(\/usr\/bin\/alpha\), beta 1\.0 \(\/usr\/bin\/beta\)$/,
    ],
    ['one package among others', { otherFiles: ['beta'] }, /^1 packages .*: beta 1\.0 \(\/usr\/bin\/beta\)$/],
    ['what no file shows', { otherFields: ['beta'] }, /^1 packages .*: beta 1\.0 \(Description\)$/],
  ])('%s: is no pass, and is called what it is', async (_, same, says) => {
    const { record, problem } = await upgradeOf(same);
    expect([record.verdict, codesOf(record)]).toEqual(['failed', ['same-version-other-content']]);
    expect(problem?.message).toMatch(says);
    // The device was on its first release before, whose versions both have.
    const steps = record.paths[0]?.steps ?? [];
    expect(steps.find(({ verdict }) => verdict === 'failed')?.name).toBe('1.0->1.1 release');
  });

  it('that the device has not installed: is none of its business', async () => {
    const { record } = await upgradeOf({ otherFiles: ['extra'], otherFields: ['extra'] });
    expect([record.verdict, codesOf(record)]).toEqual(['passed', []]);
  });

  it('that the package manager installs again all the same: passes', async () => {
    const { record } = await upgradeOf({ otherFiles: ['beta'] }, { installsSameVersion: true });
    expect([record.verdict, codesOf(record)]).toEqual(['passed', []]);
  });
});

describe('a scenario does not fit a device that is upgraded by packages:', () => {
  it.each(
    Object.entries<History>({
      'a package that no feed has': {
        fields: { provision: [{ install: ['extro'] }] },
        codes: ['unknown-package'],
        says: /extra/,
      },
      'a fault of a package that no feed has': {
        fields: { feedFaults: [{ name: 'x', fault: 'missing', package: 'gamma' }] },
        codes: ['fault-no-package'],
      },
      'an agent for slots': {
        fields: { agent: { name: 'script', bundle: 'verity', install: 'echo' } },
        before: ({ manifest: { releases } }) => {
          for (const one of Object.values(releases))
            if (one.content.kind === 'packages') one.bundles['verity'] = one.content.list;
        },
        codes: ['agent-mismatch'],
      },
    }),
  )('%s', async (_, history) => {
    const { record } = await take(history);
    expect([record.verdict, codesOf(record)]).toEqual(['error', history.codes]);
    expect(record.problem?.message).toMatch(history.says ?? /./);
  });
});

describe('admission', () => {
  const asked = (lab: Lab) => ({
    packages: ['extra'],
    image: join(lab.folder, 'image'),
    machines: ['qemuarm64'] as const,
    releases: ['1.0', '1.1'],
    choices: { edits: new Map<string, string>(), units: undefined },
    powerCuts: { mode: 'none' } as const,
    onNotice: () => undefined,
  });

  const admitted = async (lab: Lab) => {
    await lab.scenario();
    const { events, host, limits, seed, reports, jobs, signal } = await lab.options();
    return admit({
      ...asked(lab),
      events,
      limits,
      seed,
      reports,
      jobs,
      signal,
      ...(host === undefined ? {} : { host }),
    });
  };

  it('of a package that has other content in the same version: its upgrade is no pass', async () => {
    const { folder, admission } = await admitted(await packageLab({}, { otherFiles: ['extra'] }));
    expect(admission.verdict).toBe('failed');
    const upgrade = admission.packages[0]?.criteria.find(({ id }) => id === 'upgrade');
    expect(upgrade?.verdict).toBe('failed');
    const seen = upgrade?.evidence.find(({ verdict }) => verdict === 'failed')?.seen;
    expect(seen).toMatch(/extra 1\.0 \(\/usr\/bin\/extra\) \[same-version-other-content\]$/);
    expect(await readFile(join(folder, 'admission.md'), 'utf8')).toContain('same-version-other-content');
  });

  it('of a package: writes a scenario, runs it, and judges what its record says', async () => {
    const lab = await packageLab();
    const { folder, admission, records } = await admitted(lab);
    expect(records.map(({ verdict }) => verdict)).toEqual(['passed']);
    const [extra] = admission.packages;
    expect(extra?.name).toBe('extra');
    expect(extra?.criteria.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(extra?.criteria.map(({ verdict }) => verdict)).toContain('passed');
    expect(await readFile(join(folder, 'admission.md'), 'utf8')).toMatch(/extra/);
    const noParts = () => Promise.resolve({ script: '', style: '' });
    const pages = [folder, join(folder, extra?.runs[0]?.folder ?? '')].map((of) => join(of, 'index.html'));
    const before = await Promise.all(pages.map((page) => readFile(page, 'utf8')));
    await Promise.all(pages.map((page) => rm(page)));
    expect(await buildPage(folder, noParts)).toBe(pages[0]);
    expect(await Promise.all(pages.map((page) => readFile(page, 'utf8')))).toEqual(before);
    await writeFile(join(folder, 'admission.json'), JSON.stringify({ ...admission, created: 7 }));
    await expect(buildPage(folder, noParts)).rejects.toThrow(
      withCode('report-damaged', 'admission.json is not what brownout writes: created'),
    );
    expect(JSON.parse(await readFile(join(folder, 'admission.json'), 'utf8'))).toMatchObject({
      image: asked(lab).image,
      agent: 'opkg',
    });
  });

  it.each<[string, Partial<ReturnType<typeof asked>>, (lab: Lab) => void]>([
    ['unknown-package', { packages: ['extro'] }, () => undefined],
    ['unknown-release', { releases: ['1.0', '9.9'] }, () => undefined],
    ['one-release', { releases: ['1.0'] }, () => undefined],
    [
      'unknown-feed',
      {},
      ({ manifest }) => {
        delete manifest.releases['1.1']?.feed;
      },
    ],
  ])('%s: is refused before anything is run', async (code, other, change) => {
    const lab = await packageLab();
    await lab.scenario();
    change(lab);
    const { host, signal } = await lab.options();
    const options = { ...asked(lab), ...other, signal, ...(host === undefined ? {} : { host }) };
    await expect(candidatesOf(options)).rejects.toMatchObject({ code });
  });
});
