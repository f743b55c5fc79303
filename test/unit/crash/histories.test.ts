import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../../src/core/errors.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { FileStore } from '../../support/simulated/file-store.ts';
import { type Asked, codesOf, type Lab, slotLab } from '../../support/simulated/lab.ts';
import type { Power } from '../../support/simulated/machine.ts';
import { fails, prints } from '../../support/simulated/shell.ts';
import { type SlotTraits, slotContent, systemFiles } from '../../support/simulated/slot-guest.ts';

/** A device whose power is cut in every state of one upgrade, and what is to come of it. */
interface History {
  traits?: SlotTraits;
  fields?: Record<string, unknown>;
  asked?: Asked;
  /** Something that happens to the lab before the run. */
  before?: (lab: Lab) => void;
  /** Codes of all that is wrong; none: the run passes. */
  codes?: string[];
  /** What some finding's reason, or else its message, says. */
  says?: RegExp;
}

/** At its first start the new release brings the owner's settings into its own form. */
function migrates(
  how: (files: FileStore, path: string, content: Buffer) => Promise<void>,
): SlotTraits['onStart'] {
  return async ({ disks }, release) => {
    const files = new FileStore(diskOf(disks, 'data'));
    if (release === '1.0' || (await files.read('/var/migrated')) !== undefined) return;
    const file = await files.read('/etc/app.conf');
    if (file !== undefined) await how(files, '/etc/app.conf', file.content);
    await files.replace('/var/migrated', Buffer.from('yes'));
    await files.flush();
  };
}

function diskOf(disks: Power['disks'], id: string) {
  const disk = disks.get(id);
  if (disk === undefined) throw new Error(`no disk ${id}`);
  return disk;
}

const installOnly = { powerCuts: { during: ['install'] } };

/** What the boot loader has counted tells outcomes apart; it is on the disk, so that equal states say equal things. */
async function saysHowOften(command: string, { disks }: Power) {
  if (!command.includes('which boot')) return undefined;
  const text = (await diskOf(disks, 'boot').read(0, 512)).toString();
  return prints(`${/"left":(\{.*?\})/.exec(text)?.[1] ?? ''}\n`);
}

/** A device with a check that answers in another way each time. */
function lots(): History {
  return {
    traits: { before: drawsLots() },
    fields: { checks: [{ name: 'lots', run: 'draw lots' }], expect: { outcomes: 'unchecked' } },
  };
}

/** Answers in another way each time: nothing on its disks says why. */
function drawsLots(): SlotTraits['before'] {
  let drawn = 0;
  return (command) => {
    if (!command.includes('draw lots')) return undefined;
    drawn += 1;
    return prints(`${drawn}\n`);
  };
}

/** A start that takes the tries of both slots away for a moment: a cut there finds the other one first. */
function losesItsRelease(): SlotTraits['onStart'] {
  return async ({ disks }, release) => {
    const boot = disks.get('boot');
    if (release !== '1.1' || boot === undefined) return;
    const before = await boot.read(0, 512);
    await boot.write(0, Buffer.from(before.toString().replace(/"B":\d/, '"B":0')), false);
    await boot.flush();
    await boot.write(0, before, false);
    await boot.flush();
  };
}

/** Nobody knows the bytes of a slot, but the files of the system in it. */
function tellsByFiles({ manifest }: Lab): void {
  for (const release of Object.values(manifest.releases))
    release.content = { kind: 'files', files: systemFiles(slotContent(release.version)) };
}

/** A cut in its first start tears a commit: the kernel will not mount /data, and these are mounted when somebody asks. */
function tearsACommit(...mounted: string[]): History {
  return {
    fields: { powerCuts: { during: ['first-boot'] } },
    traits: {
      before: (command) =>
        command.includes('/sys/fs/ext4') ? prints(`features ${mounted.join(' ')}\n`) : undefined,
      onStart: async ({ disks, say }, release) => {
        const files = new FileStore(diskOf(disks, 'data'));
        const commit = (await files.read('/var/commit'))?.content.toString();
        if (release !== '1.1' || commit === 'whole') return;
        if (commit === 'torn') {
          say('[    1.996581] JBD2: journal transaction 31 on vda4-8 is corrupt.');
          say('[    1.997586] EXT4-fs (vda4): error loading journal');
        }
        await files.replace('/var/commit', Buffer.from('torn'));
        await files.flush();
        await files.replace('/var/commit', Buffer.from('whole'));
        await files.flush();
      },
    },
  };
}

/** Takes the slot's tries away before it gives all of them. */
async function confirmsByWayOfTheOld(command: string, { disks }: Power, release: string): Promise<undefined> {
  const boot = disks.get('boot');
  if (release !== '1.1' || !command.includes('mark-good') || boot === undefined) return;
  const sector = (await boot.read(0, 512)).toString();
  await boot.write(0, Buffer.from(sector.replace(/"B":\d/, '"B":0')), false);
  await boot.flush();
}

/** A service that dies so long after a start that follows a cut: the confirmation has begun in an earlier one. */
function diesAfterACut(ms: number): SlotTraits {
  const ends = new WeakMap<Power, number>();
  const begun = '/var/confirming';
  const filesOf = ({ disks }: Power) => new FileStore(diskOf(disks, 'data'));
  return {
    onStart: async (power) => {
      if ((await filesOf(power).read(begun)) !== undefined) ends.set(power, performance.now() + ms);
    },
    before: async (command, power, release) => {
      if (release === '1.1' && command.includes('mark-good'))
        await filesOf(power).replace(begun, Buffer.from('yes'));
      if (!command.includes('pidof service')) return undefined;
      return performance.now() < (ends.get(power) ?? Number.POSITIVE_INFINITY)
        ? prints('311\n')
        : fails(1, '');
    },
  };
}

async function take({ traits = {}, fields = {}, asked = {}, before }: History) {
  const lab = await slotLab(traits);
  await lab.scenario(fields);
  before?.(lab);
  return { lab, record: await lab.run(asked) };
}

describe('a device is cut in many states and comes back whole:', () => {
  it.each(
    Object.entries<History>({
      'two upgrades, cut in every phase, with a way back': {
        fields: { releases: ['1.0', '1.1', '2.0'], expect: { rollback: 'succeeds' } },
      },
      'boots that begin with a snapshot where there is one': { asked: { limits: { snapshots: true } } },
      'a migration that keeps the old file until the new one is there': {
        traits: { onStart: migrates((files, path, content) => files.replace(path, content)) },
      },
      'a second cut while the device comes back': { asked: { limits: { secondCutBoots: 12 } } },
      'a confirmation by way of the old release, where nobody asks': {
        traits: { before: confirmsByWayOfTheOld },
        fields: { powerCuts: { during: ['confirm'] } },
      },
      'a confirmation after which only the new release will do': {
        fields: {
          powerCuts: { during: ['install', 'confirm'] },
          expect: { release: { install: ['old', 'new'], confirm: ['new'] } },
        },
      },
      'a device that resets itself at the end of an installation': {
        traits: { resetsItself: 'at once' },
        fields: { agent: { name: 'rauc', reboots: 'itself' } },
      },
      'starts of a confirmed device with nothing going on': {
        fields: { powerCuts: { during: ['idle'] }, expect: { rollback: 'succeeds' } },
      },
      'the same, where nobody asks for the release': {
        fields: {
          powerCuts: { during: ['idle'] },
          expect: { release: 'unchecked' },
          checks: [{ name: 'service', run: 'echo up' }],
        },
      },
      'a device that counts the tries of unconfirmed releases alone, reset again and again': {
        traits: { countsUnconfirmedOnly: true },
        fields: { powerCuts: { during: ['confirm'], 'reset-storm': 3 } },
      },
      'slots that are told apart by the files of the system in them': { before: tellsByFiles },
      'a number of states that a seed has drawn': { asked: { powerCuts: { mode: 'random', count: 12 } } },
      'an updater without any flush, where only QEMU is killed': {
        traits: { forgetsFlush: true, pauseMs: 6 },
        asked: { powerCuts: { mode: 'naive', count: 2 } },
      },
      'a file system that is not mounted for a torn commit, until the device has repaired it': tearsACommit(
        'vda2',
        'vda4',
      ),
      'another outcome that nobody minds': {
        fields: { checks: [{ name: 'which', run: 'which boot' }], expect: { outcomes: 'unchecked' } },
        traits: { before: saysHowOften },
      },
    }),
  )('%s', async (_, history) => {
    const { record } = await take(history);
    expect(codesOf(record)).toEqual([]);
    expect(record).toMatchObject({ verdict: 'passed', findings: [] });
    expect(record.crash?.boots).toBeGreaterThan(1);
  });
});

describe('a device is cut in many states and fails:', () => {
  it.each(
    Object.entries<History>({
      'a slot that is told by its files, and that has lost a part of one': {
        traits: { forgetsFlush: true },
        before: tellsByFiles,
        codes: ['release-mixed'],
        says: /calls itself 1\.1, but its files are not those of it: \/usr\/lib\/part-\d has other content/,
      },
      'a good device that three resets in a row cost its release': {
        fields: { powerCuts: { during: ['confirm'], 'reset-storm': 3 } },
        codes: ['release-unexpected'],
      },
      'the same beside drawn states': {
        fields: { powerCuts: { during: ['confirm'], 'reset-storm': 3 } },
        asked: { powerCuts: { mode: 'random', count: 2 } },
        codes: ['release-unexpected'],
      },
      'a file system that is not mounted for a torn commit, and nobody repairs it': {
        ...tearsACommit('vda2'),
        codes: ['file-system-error'],
      },
      'a start with nothing going on that empties the boot state before it is written': {
        traits: { onStart: losesItsRelease() },
        fields: { powerCuts: { during: ['idle'] } },
        codes: ['release-unexpected'],
      },
      'a device that resets itself before its release is on the disk': {
        traits: { resetsItself: 'at once', forgetsFlush: true },
        fields: { agent: { name: 'rauc', reboots: 'itself' } },
        codes: ['release-mixed'],
      },
      'a confirmation by way of the old release, where that is not allowed': {
        traits: { before: confirmsByWayOfTheOld },
        fields: {
          powerCuts: { during: ['confirm'] },
          expect: { release: { oneOf: ['old', 'new'], confirm: ['new'] } },
        },
        codes: ['release-unexpected'],
      },
      'a flush that is missing between the slot and the choice of the boot loader': {
        traits: { forgetsFlush: true },
        codes: ['release-mixed'],
        says: /^write \d+ of install \(.*\) persisted, .* did not: no flush came between/,
      },
      'a slot that is chosen before it is written': {
        traits: { activatesFirst: true },
        codes: ['release-mixed'],
        says: /although nothing was lost|was torn/,
      },
      "the owner's files, rewritten where they are": {
        traits: { rewritesFiles: true },
        codes: ['configuration-lost'],
        says: /although nothing was lost/,
      },
      'a migration that empties the file first': {
        traits: { onStart: migrates((files, path, content) => files.rewrite(path, content)) },
        fields: { powerCuts: { during: ['first-boot'] } },
        codes: ['configuration-lost'],
      },
      'a service that dies some time after a boot that follows a cut': {
        traits: diesAfterACut(20),
        fields: {
          powerCuts: { during: ['confirm'] },
          checks: [{ name: 'service', run: 'pidof service', after: '100ms' }],
          expect: { retry: 'unchecked', confirmed: 'unchecked' },
        },
        asked: { jobs: 4, limits: { auditShare: 0, auditLeast: 0 } },
        codes: ['check-failed'],
      },
      'an upgrade that cannot be done again': {
        traits: { idleAgain: true },
        fields: {
          agent: { name: 'script', bundle: 'verity', install: 'update', confirm: 'rauc status mark-good' },
        },
        asked: { limits: { retryBoots: 12 } },
        codes: ['retry-idle'],
        says: /nothing was installed/,
      },
      'more outcomes than an old and a new state': {
        traits: { before: saysHowOften },
        fields: { checks: [{ name: 'which', run: 'which boot' }] },
        codes: [],
        says: /can end in \d+ ways/,
      },
      'states that a seed has drawn, of a missing flush': {
        traits: { forgetsFlush: true },
        fields: installOnly,
        asked: { powerCuts: { mode: 'random', count: 50 } },
        codes: ['release-mixed'],
      },
    }),
  )('%s', async (_, history) => {
    const { record } = await take(history);
    expect([record.verdict, codesOf(record)]).toEqual(['failed', history.codes]);
    const texts = record.findings.flatMap(({ reason = '', message }) => [reason, message]);
    if (history.says !== undefined) expect(texts).toContainEqual(expect.stringMatching(history.says));
    expect(texts.length).toBeGreaterThan(0);
  });
});

describe('an alarm rings:', () => {
  it.each(
    Object.entries<History>({
      'a device that draws lots ends as audit-mismatch': {
        ...lots(),
        codes: ['audit-mismatch'],
        says: /two boots differ in nothing that one of them read, and ended otherwise/,
      },
      'a device whose flushes the log does not hear of ends as crash-model-mismatch': {
        codes: ['crash-model-mismatch'],
        says: /differs in sectors/,
        before: (lab) => {
          const { createTarget } = lab;
          // What the guest flushes after this counts as QEMU's own, though a drive would keep it.
          lab.createTarget = (options) =>
            options.consoleLog(1).includes('live1-before')
              ? createTarget({ ...options, onPower: () => options.onPower?.(false) })
              : createTarget(options);
        },
        fields: installOnly,
        asked: { powerCuts: { mode: 'random', count: 1 } },
      },
      'a device that never flushes ends as no-flush': {
        codes: ['no-flush'],
        traits: { neverFlushes: true },
        says: /never flushed its disks/,
      },
      'phases without a write end as no-crash-states, where all are asked for': {
        codes: ['no-crash-states'],
        fields: { powerCuts: { during: ['rollback'] } },
        says: /states during rollback, and the write logs hold none/,
      },
      'and where some are drawn': {
        codes: ['no-crash-states'],
        fields: { powerCuts: { during: ['rollback'] } },
        asked: { powerCuts: { mode: 'random', count: 3 } },
      },
    }),
  )('%s', async (_, history) => {
    const { record, lab } = await take(history);
    expect([record.verdict, record.problem?.code]).toEqual(['error', history.codes?.[0]]);
    expect(record.problem?.message).toMatch(history.says ?? /./);
    // Whatever rang, the report is there.
    const stored = JSON.parse(await readFile(join(lab.reports, 'latest/run.json'), 'utf8')) as RunRecord;
    expect(stored.problem?.code).toBe(history.codes?.[0]);
  });

  it('of an audit that differs, with both boots written down', async () => {
    const { record, lab } = await take(lots());
    const path = join(lab.reports, 'latest', record.problem?.log ?? '');
    const { boot, earlier } = JSON.parse(await readFile(path, 'utf8')) as Record<
      'boot' | 'earlier',
      { outcome: string; read: unknown[] }
    >;
    expect(boot.outcome).not.toBe(earlier.outcome);
    expect(boot.read.length).toBeGreaterThan(0);
    expect(record.crash).toMatchObject({ claim: 'heuristic' });
    expect(record.crash?.mismatches).toBeGreaterThan(0);
  });
});

describe('a reset storm', () => {
  it('is a stage of its own, with both moments at which the power fails', async () => {
    const { record } = await take({
      fields: { powerCuts: { during: ['confirm'], 'reset-storm': 2 } },
      asked: { powerCuts: { mode: 'random', count: 1 } },
    });
    expect(record.verdict).toBe('passed');
    expect(record.crash?.stages).toEqual([
      expect.objectContaining({ name: 'reset-storm', states: 2, decided: 2, ended: 'complete' }),
    ]);
    const storms = record.crash?.cuts.filter(({ during }) => during === 'reset-storm') ?? [];
    expect(storms.map(({ description }) => description)).toEqual([
      '2 power cuts in a row, nothing lost: as its kernel started, as its kernel started',
      '2 power cuts in a row, nothing lost: after write 1, after write 1',
    ]);
    expect(summaryText([record])).toContain('    reset storm: 2 of 2 decided\n');
  });
});

describe('an upgrade that cannot be done again', () => {
  it('is counted by states, in the finding, the outcomes and the summary, not by boots', async () => {
    const { record } = await take({
      traits: { idleAgain: true },
      fields: {
        agent: { name: 'script', bundle: 'verity', install: 'update', confirm: 'rauc status mark-good' },
      },
      asked: { limits: { retryBoots: 12 } },
    });
    const failing = (record.crash?.cuts ?? []).filter(
      ({ verdict, kind }) => verdict === 'failed' && kind !== 'live',
    );
    const decided = failing.reduce((sum, { decides = 1 }) => sum + decides, 0);
    expect(failing.map(({ stage }) => stage)).toEqual(failing.map(() => 'retry'));
    expect(decided).toBeGreaterThan(failing.length);
    const told = record.findings.reduce((sum, { states }) => sum + states, 0);
    expect(told).toBe(decided);
    const rows = record.crash?.outcomes.filter(
      ({ stage, name }) => stage === 'retry' && name.includes('idle'),
    );
    expect(rows?.reduce((sum, { states }) => sum + states, 0)).toBe(decided);
    expect(summaryText([record])).toContain(`${record.findings[0]?.states} states alike`);
  });
});

describe('a run that does not come to its end', () => {
  it('is unknown where the budget was used up, and says how many states are open', async () => {
    const { record } = await take({ asked: { limits: { budgetMs: 1 } } });
    expect(record).toMatchObject({ verdict: 'unknown', findings: [] });
    expect(record.problem).toBeUndefined();
    expect(record.crash?.undecided).toBeGreaterThan(0);
    expect(record.crash?.claim).toBe('sampled');
  });

  it('says that it was interrupted, not that a budget was used up, and leaves a report and nothing that runs', async () => {
    const lab = await slotLab();
    const interruption = new AbortController();
    let running = 0;
    const { createTarget } = lab;
    lab.createTarget = async (options) => {
      const off = await createTarget(options);
      running += 1;
      return {
        ...off,
        [Symbol.asyncDispose]: async () => {
          running -= 1;
          await off[Symbol.asyncDispose]();
        },
      };
    };
    const record = await lab.run({
      signal: interruption.signal,
      events: ({ type }) => {
        if (type === 'cut') interruption.abort(new HarnessError('interrupted', 'interrupted by a test'));
      },
    });
    expect(record).toMatchObject({
      verdict: 'error',
      problem: { code: 'interrupted', message: 'interrupted by a test' },
    });
    expect(running).toBe(0);
    expect(record.paths[0]?.steps.map(({ verdict }) => verdict)).not.toContain('failed');
    expect(await readdir(join(lab.reports, 'latest'))).toEqual(
      expect.arrayContaining(['run.json', 'junit.xml', 'run.jsonl']),
    );
    expect(await readdir(join(lab.cache, 'work'))).toEqual([]);
  });
});

describe('a device that fails after the live cut alone', () => {
  it('is a finding too, which no token can replay', async () => {
    let booted = '';
    const { record } = await take({
      traits: {
        before: (command) =>
          command.includes('draw lots')
            ? { ...prints('lots\n'), exitCode: booted === 'live1' ? 1 : 0 }
            : undefined,
      },
      fields: { checks: [{ name: 'lots', run: 'draw lots' }], powerCuts: { during: ['install'] } },
      asked: {
        jobs: 1,
        events: (event) => {
          if (event.type === 'boot') booted = event.id;
        },
      },
    });
    expect(record.verdict).toBe('failed');
    expect(record.findings).toMatchObject([{ check: 'lots', cut: 'live1', token: '' }]);
  });
});

describe('a run that is interrupted when it has seen a device fail', () => {
  it('has what it saw as a finding, which is replayed though nobody has explained it', async () => {
    const interruption = new AbortController();
    const { lab, record } = await take({
      traits: { onStart: migrates((files, path, content) => files.rewrite(path, content)) },
      asked: {
        signal: interruption.signal,
        events: (event) => {
          if (event.type === 'cut' && event.cut.verdict === 'failed')
            interruption.abort(new HarnessError('interrupted', 'interrupted by a test'));
        },
      },
    });
    expect(record).toMatchObject({ verdict: 'error', problem: { code: 'interrupted' } });
    expect(record.findings).toMatchObject([{ check: 'configuration', minimal: [] }]);
    expect(record.findings[0]).not.toHaveProperty('reason');
    const { cut } = await lab.replay(record.findings[0]?.token ?? '');
    expect(cut?.verdict).toBe('failed');
  });
});

describe('a second cut', () => {
  /** Only who is cut again while it comes up is met with an empty file. */
  const history: History = {
    traits: {
      onStart: async ({ disks }) => {
        const files = new FileStore(diskOf(disks, 'data'));
        const file = await files.read('/etc/app.conf');
        if (file !== undefined) await files.rewrite('/etc/app.conf', file.content);
      },
    },
    fields: { powerCuts: { during: ['install', 'second-cut'] } },
    asked: { limits: { secondCutBoots: 40 } },
  };

  it('finds what no first cut shows, and is replayed from its finding and by its token', async () => {
    const { lab, record } = await take(history);
    expect([record.verdict, codesOf(record)]).toEqual(['failed', ['configuration-lost']]);
    const [finding] = record.findings;
    expect(finding).toMatchObject({
      check: 'configuration',
      during: expect.stringMatching(/^second-cut 1\.0->1\.1/) as string,
    });
    expect(finding?.token).toMatch(/:p1\.\d+[^/]*\/\d+/);
    expect(record.crash?.stages.map(({ name }) => name)).toContain('second-cut');
    const byFile = await lab.replay(join(lab.reports, 'latest', finding?.file ?? ''));
    expect(byFile.cut?.checks.find(({ verdict }) => verdict === 'failed')?.problem?.code).toBe(
      'configuration-lost',
    );
    await rm(join(lab.cache, 'recordings'), { recursive: true });
    const byToken = await lab.replay(finding?.token ?? '');
    expect(byToken.cut).toMatchObject({
      verdict: 'failed',
      outcome: byFile.cut?.outcome,
      token: finding?.token,
    });
  });

  it('is not made where no boots are given for it', async () => {
    const { record } = await take({ ...history, asked: { limits: { secondCutBoots: 0 } } });
    expect(record.verdict).toBe('passed');
    expect(record.crash?.stages.map(({ name }) => name)).not.toContain('second-cut');
  });
});
