import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chosenCases } from '../../../src/conform/cases/index.ts';
import { HarnessError } from '../../../src/core/errors.ts';
import type { CaseVerdict, ConformanceRecord } from '../../../src/model/conformance.ts';
import { buildPage } from '../../../src/runner/build-page.ts';
import { withCode } from '../../support/errors.ts';
import { settingPath } from '../../support/simulated/settings.ts';
import { fails, prints } from '../../support/simulated/shell.ts';
import type { EdgeTraits, SlotTraits } from '../../support/simulated/slot-guest.ts';
import { type Asked, claims, ordered, suite, three, updater } from '../../support/simulated/suite.ts';

/** Of which the scenario says that the last release does not come up. */
const falls = { releases: ['1.0', '1.1', '2.0'], expect: { upgrade: 'falls-back' } };

const downloading = { ...three, agent: { ...updater, downloads: '/downloads' } };

const facts = { setting: settingPath, data: { write: 'gateway write', read: 'gateway read' } };
const told = { ...three, conformance: facts };

/** A program of each release that writes data in its own form, which the first release cannot read; or that keeps both. */
function gateway(keepsBoth: boolean): SlotTraits {
  let form = '';
  return {
    before: (command, _, release) => {
      if (command === 'gateway read')
        return release >= form || keepsBoth ? prints('') : fails(1, `form of ${form}`);
      if (command !== 'gateway write') return undefined;
      form = release;
      return prints('');
    },
  };
}

const verdicts = ({ cases }: ConformanceRecord) =>
  Object.fromEntries(cases.map(({ id, verdict }) => [id, verdict]));

const noParts = () => Promise.resolve({ script: '', style: '' });

describe('a device that keeps every promise', () => {
  it('passes each case that its image has releases for', async () => {
    // I7 takes an installation that lasts.
    const cases = chosenCases({ ids: [], groups: [] }).flatMap(({ id }) => (id === 'I7' ? [] : [id]));
    const { record } = await suite({ countsUnconfirmedOnly: true, copesWithoutState: true }, { cases });
    const found = verdicts(record);
    const other: Record<string, CaseVerdict> = {
      ...{ V8: 'ability-missing', I6: 'ability-missing', C5: 'ability-missing', S2: 'not-applicable' },
      ...{ D4: 'ability-missing', D8: 'ability-missing', D9: 'ability-missing' },
      ...{ T1: 'ability-missing', T6: 'ability-missing', T7: 'ability-missing', T8: 'ability-missing' },
      ...{ V9: 'ability-missing', B10: 'ability-missing', T10: 'ability-missing', T11: 'ability-missing' },
      ...{ T9: 'ability-missing', D2: 'not-applicable', D3: 'not-applicable', D5: 'not-applicable' },
      ...{ D6: 'not-applicable', P9: 'ability-missing' },
    };
    for (const [id, verdict] of Object.entries(found))
      expect([id, verdict]).toEqual([id, other[id] ?? 'passed']);
    expect(record).toMatchObject({
      verdict: 'passed',
      agent: 'rauc',
      releases: {
        ...{ old: '1.0', new: '1.1', next: '2.0', broken: '2.1-no-init' },
        ...{ 'no kernel': '2.1-no-kernel', 'no init': '2.1-no-init' },
        ...{ hanging: '2.1-hangs', unhealthy: '2.1-health' },
      },
    });
  });

  it('passes those of a release of the scenario that does not come up', async () => {
    const { record } = await suite(
      { countsUnconfirmedOnly: true, unbootable: '2.0' },
      { cases: ['C4', 'I2'], fields: falls },
    );
    expect(verdicts(record)).toMatchObject({ C4: 'passed', I2: 'not-applicable' });
    expect(record.cases.find(({ id }) => id === 'I2')?.reason).toBe('there is no third release');
  });

  it('leaves a matrix, a table and a test case for each case', async () => {
    const fields = { releases: ['1.0', '1.1'] };
    const { record, lab } = await suite({}, { cases: ['I1', 'I2'], fields });
    const read = (name: string) => readFile(join(lab.reports, 'latest', name), 'utf8');
    expect(JSON.parse(await read('conformance.json'))).toMatchObject([
      { id: record.id, cases: [{ id: 'I1' }, { id: 'I2' }] },
    ]);
    expect(await read('index.html')).toContain('of 1 case hold');
    const folder = join(lab.reports, 'latest');
    const page = await read('index.html');
    await rm(join(folder, 'index.html'));
    expect(await buildPage(folder, noParts)).toBe(join(folder, 'index.html'));
    expect(await read('index.html')).toBe(page);
    await writeFile(join(folder, 'conformance.json'), '[{ "format": 1 }]');
    await expect(buildPage(folder, noParts)).rejects.toThrow(
      withCode('report-damaged', 'conformance.json is not what brownout writes: [0].id'),
    );
    expect(await read('conformance.md')).toContain('| I1 | the next release is installed');
    const junit = await read('junit.xml');
    expect(junit).toContain('tests="2" failures="0" errors="0" skipped="1"');
    expect(junit).toContain('classname="rauc.qemuarm64.conformance.install"');
  });
});

describe('what the kernel says of a bundle that is wrong', () => {
  /** As of a streamed bundle whose block does not fit its hash. */
  const says: SlotTraits['before'] = (command, power) => {
    if (command.includes('rauc install') && !command.includes('--help'))
      power.say('[   18.305012] device-mapper: verity: 43:0: data block 3841 is corrupted');
    return undefined;
  };

  it('is a note where the server was at fault, and counts where it was not', async () => {
    const { record } = await suite({ before: says }, { cases: ['V3'] });
    const [one] = record.cases;
    expect(one?.steps.find(({ name }) => name.endsWith('kernel'))?.name).toBe('7. on 1.1: kernel');
    expect(one?.notes.join()).toContain('43:0: data block 3841 is corrupted');
  });
});

describe('what an agent does not claim', () => {
  it('is told, and not judged', async () => {
    const fields = { ...three, agent: updater };
    const { record } = await suite({ believesEveryByte: true }, { cases: ['I9', 'V3'], fields });
    expect(record.cases).toMatchObject([{ verdict: 'ability-missing' }, { verdict: 'ability-missing' }]);
    expect(record.cases[0]?.reason).toBe('the agent does not claim rollback');
    expect(record.cases[1]?.reason).toMatch(
      /^the agent does not claim verified; 1\. install 1\.1, .* had to refuse$/,
    );
    expect(record.verdict).toBe('unknown');
  });

  it.each<[string, string, Record<string, unknown>]>([
    [
      'of a script that says how its status is read: it knows of the failure',
      'failed',
      { verdict: 'passed' },
    ],
    ['and one that does not know of it', 'done', { verdict: 'failed' }],
  ])('can be asked %s', async (_, last, expected) => {
    const status = { run: 'gateway status', failed: { pattern: '^last update: (.*)$', is: 'failed' } };
    const before: SlotTraits['before'] = (command) =>
      command === 'gateway status' ? prints(`last update: ${last}\n`) : undefined;
    const agent = { ...updater, status, abilities: ['bootCount'] };
    const { record } = await suite({ before }, { cases: ['B9'], fields: { ...three, agent } });
    expect(record.cases).toMatchObject([{ id: 'B9', ...expected }]);
  });

  it('is judged once a script claims it', async () => {
    const { record } = await suite(
      { believesEveryByte: true },
      { cases: ['V3'], fields: claims('verified') },
    );
    expect(record.cases).toMatchObject([{ verdict: 'failed', problem: { code: 'not-refused' } }]);
  });

  it.each<[string, SlotTraits, Record<string, unknown>]>([
    ['I6', { guardsPending: '1.1' }, claims('pendingGuard')],
    ['C5', { tries: 1 }, claims('triesOnce')],
    ['S2', {}, downloading],
    ['I7', { pauseMs: 400 }, three],
    ['D4', {}, claims('stateScripts')],
    ['D8', {}, claims('stateScripts')],
    ['D9', {}, claims('stateScripts', 'bootCount')],
    ['D2', {}, told],
    ['D3', {}, told],
    ['D5', gateway(true), told],
    ...['T1', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11', 'B10'].map((id): [string, SlotTraits, typeof ordered] => [
      id,
      {},
      ordered,
    ]),
  ])('passes %s where the device keeps it', async (id, traits, fields) => {
    const { record } = await suite(traits, { cases: [id], fields });
    expect(record.cases).toMatchObject([{ id, verdict: 'passed' }]);
  });

  it.each(['D4', 'D8', 'D9'])('fails %s where a script of the bundle is passed over', async (id) => {
    const believes = { failingScripts: true } as const;
    const fields = claims('stateScripts', 'bootCount');
    const { record } = await suite({ believes }, { cases: [id], fields });
    expect(record.cases).toMatchObject([{ id, verdict: 'failed', problem: { code: 'not-refused' } }]);
  });

  it('is not applicable where nobody says what to spoil, kill or ask', async () => {
    const { record } = await suite({}, { cases: ['S2', 'I8', 'B9'], fields: { ...three, agent: updater } });
    expect(record.cases.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['not-applicable', "nobody knows the agent's programs"],
      ['not-applicable', 'the agent keeps nothing of a release on the device but in its slot'],
      ['not-applicable', 'the agent cannot be asked what came of an installation'],
    ]);
  });
});

it('says by a code that an agent does not know of a fall-back', async () => {
  const { record } = await suite({ forgetsFailures: true }, { cases: ['B9'] });
  expect(record.cases).toMatchObject([{ verdict: 'failed', problem: { code: 'fallback-unknown' } }]);
});

describe('a suite that cannot be done', () => {
  it('says which case there is instead', async () => {
    await expect(suite({}, { cases: ['I99'] })).rejects.toMatchObject({
      code: 'no-such-case',
      message: expect.stringContaining('no case I99') as string,
    });
  });

  it('does not decide cases whose device never gets that far', async () => {
    const { record } = await suite({ refuses: true }, { cases: ['I9', 'C1'] });
    expect(record.cases).toMatchObject([{ verdict: 'unknown' }, { verdict: 'unknown' }]);
    expect(record.cases[0]?.reason).toContain('no device could be made confirmed');
  });

  it('is an error where the device is not as described', async () => {
    const { record } = await suite(
      {
        before: (command) =>
          command.includes('os-release')
            ? { exitCode: 1, stdout: '', stderr: '', truncated: false }
            : undefined,
      },
      { cases: ['I1'] },
    );
    expect(record.verdict).toBe('error');
    expect(record.cases[0]?.problem?.kind).toBe('scenario');
  });
});

const edge = (name: Exclude<keyof EdgeTraits, 'leavesKiB'>): SlotTraits => ({ edges: { [name]: true } });

describe('a device that breaks a promise', () => {
  const table: [string, SlotTraits, string, CaseVerdict, string, Asked['fields']?][] = [
    ['loses its release to resets', {}, 'B6', 'failed', 'expected 1.1'],
    [
      'gives tries back, so that they come round again',
      { givesTriesBack: true },
      'B6',
      'failed',
      'expected 1.1',
    ],
    ['believes every byte', { believesEveryByte: true }, 'V3', 'failed', 'had to refuse'],
    ['takes what nobody has signed', { believes: { signers: ['nobody'] } }, 'V1', 'failed', 'had to refuse'],
    [
      'takes what a stranger has signed',
      { believes: { signers: ['stranger'] } },
      'V2',
      'failed',
      'had to refuse',
    ],
    [
      'takes what is for another machine',
      { believes: { machines: ['another'] } },
      'V6',
      'failed',
      'had to refuse',
    ],
    [
      'takes what needs more than it has',
      { believes: { machines: ['richer'] } },
      'V9',
      'failed',
      'had to refuse',
      claims('verified', 'dependencies'),
    ],
    ['takes what is too big', { believes: { cutsOff: true } }, 'S1', 'failed', 'had to refuse'],
    [
      'goes on with another release',
      { believes: { halves: true }, believesEveryByte: true },
      'T4',
      'failed',
      'had to refuse',
    ],
    ['says that it has installed, and has not', { pretends: true }, 'I1', 'failed', '1.0'],
    ['refuses each release', { refuses: true }, 'I1', 'failed', 'install'],
    ['waits for a key where there is no kernel', { noFallback: true }, 'B1', 'failed', 'waits for a key'],
    ['has no watchdog where a release hangs', { noWatchdog: true }, 'B3', 'failed', 'no login'],
    ['calls a release healthy that is not', { alwaysHealthy: true }, 'B4', 'failed', 'expected 1.0'],
    ['stays with what it was to fall back from', {}, 'C4', 'failed', 'expected 1.0', falls],
    ['overwrites the only confirmed release', {}, 'I6', 'failed', 'had to refuse', claims('pendingGuard')],
    ['leaves a lock for ever', { leavesLock: true }, 'I8', 'failed', 'locked'],
    ['has no room, and does not say so', { ignoresFull: true }, 'S2', 'failed', 'had to refuse', downloading],
    ['loses files where no room is', { emptiesFiles: 'where there is no room' }, 'S3', 'failed', 'hostname'],
    ['counts no try without room', { needsRoom: true }, 'S4', 'failed', 'resets itself for ever'],
    ['trusts that the slots are the same', { patches: true }, 'S7', 'failed', 'expected 1.1'],
    ['needs its environment', {}, 'B7', 'failed', 'finds no state'],
    ['calls a failed release good', { forgetsFailures: true }, 'B9', 'failed', 'does not call that failed'],
    ['tries more than once', {}, 'C5', 'failed', 'expected 1.0', claims('triesOnce')],
    ['takes what its signer was not valid for', edge('ignoresDates'), 'V7', 'failed', 'had to refuse'],
    ['writes before it looks', edge('writesFirst'), 'V1', 'failed', 'B_LEFT was "3", is "0"'],
    [
      'writes before it looks at what describes a release',
      edge('writesFirst'),
      'V5',
      'failed',
      'B_LEFT was "3", is "0"',
    ],
    [
      'writes to the slot that runs',
      edge('scribbles'),
      'I1',
      'failed',
      'the slot that ran was written to: A',
    ],
    [
      'installs two releases at once',
      { pauseMs: 400, ...edge('installsTwice') },
      'I7',
      'failed',
      'a second installation ended with success',
    ],
    ['writes to a slot that is mounted', edge('ignoresMounts'), 'S5', 'failed', '2.0'],
    ['leaves something behind', { edges: { leavesKiB: 200 } }, 'S6', 'failed', '/boot was "1400", is "3000"'],
    [
      'waits for ever for a server that says nothing',
      { believes: { waits: true } },
      'T5',
      'failed',
      'did not end within',
      { ...three, expect: { installs: { within: '1s' } } },
    ],
    ['needs values with sense', {}, 'B8', 'failed', 'finds no state'],
    ['gives one try more at each confirmation', edge('addsTries'), 'C2', 'failed', 'B_LEFT was "'],
    ['is another one with each release', edge('keyOfRelease'), 'D7', 'failed', '/etc/machine-id was'],
    [
      'keeps a default that nobody has changed',
      { setting: 'stale' },
      'D2',
      'failed',
      'nobody has changed /etc/vendor.conf, and it is still what the release before shipped',
      told,
    ],
    [
      'brings its own settings',
      { setting: 'overwritten' },
      'D2',
      'failed',
      'what the owner made of a file is lost: /etc/vendor.conf was "',
      told,
    ],
    [
      'keeps no setting that has become a link or a folder',
      { setting: 'regular only' },
      'D3',
      'failed',
      '/etc/vendor.conf was "link to /etc/vendor.conf.own',
      told,
    ],
    [
      "writes the owner's data as only it can read them",
      gateway(false),
      'D5',
      'failed',
      "the release that runs cannot read the owner's data: form of 1.1",
      told,
    ],
    [
      'installs while a maintenance window is closed',
      { client: { ignoresWindow: true } },
      'T9',
      'failed',
      'a slot was written to',
      ordered,
    ],
    [
      'gives up where a server is busy',
      { client: { givesUp: true } },
      'T1',
      'failed',
      'the server says 503',
      ordered,
    ],
    [
      'gives up where a server talks nonsense',
      { client: { givesUp: true } },
      'T11',
      'failed',
      'Unexpected end of JSON input',
      ordered,
    ],
    [
      'says that it has installed what has no end',
      { client: { lies: true } },
      'T11',
      'failed',
      'ended with success where it had to refuse',
      ordered,
    ],
    [
      'says that it is done before it is tried',
      { client: { closesAtOnce: true } },
      'T7',
      'failed',
      'the server was told success about 1.1',
      ordered,
    ],
    [
      'never says what became of it',
      { client: { keepsSilent: true } },
      'T8',
      'failed',
      'nothing final',
      ordered,
    ],
    ['loses files at a fall-back', { emptiesFiles: 'at a reset' }, 'D1', 'failed', 'hostname'],
  ];
  it.each(table)('%s', async (_, traits, id, verdict, words, fields) => {
    const { record } = await suite(traits, { cases: [id], ...(fields === undefined ? {} : { fields }) });
    const [one] = record.cases;
    expect([one?.id, one?.verdict]).toEqual([id, verdict]);
    expect(one?.reason ?? '').toContain(words);
    expect(record.verdict).toBe(verdict === 'failed' ? 'failed' : 'passed');
  });
});

describe('a suite that is interrupted', () => {
  it('keeps what it has decided, and says of the rest that it was not done', async () => {
    const interruption = new AbortController();
    const { record } = await suite(
      {},
      {
        cases: ['I1', 'I2'],
        run: {
          jobs: 1,
          signal: interruption.signal,
          events: ({ type }) => {
            if (type === 'case') interruption.abort(new HarnessError('interrupted', 'interrupted by a test'));
          },
        },
      },
    );
    expect(record.verdict).toBe('unknown');
    // Which of the two comes first is left to chance.
    const byVerdict = [...record.cases].sort((a, b) => (a.verdict < b.verdict ? -1 : 1));
    expect(byVerdict).toMatchObject([
      { verdict: 'passed' },
      { verdict: 'unknown', reason: 'not done: interrupted by a test' },
    ]);
  });
});
