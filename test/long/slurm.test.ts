import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/model/record.ts';
import { brownout, projectFolder, recordOf, temporaryFolder } from '../integration/cli.ts';
import { needSlurm, Slurm } from '../support/slurm.ts';

const scenario = 'scenarios/demo/careful.yaml';

/** What workers have left word of in a ledger. */
async function workersIn(ledger: string): Promise<{ shard?: { index: number }; ended?: string }[]> {
  const folder = join(ledger, 'workers');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.map((text) => JSON.parse(text) as { shard?: { index: number }; ended?: string });
}

/** What a run says of all states: the same for one worker and for several. */
function outcome({ verdict, crash }: RunRecord) {
  const whole: Record<string, number> = {};
  for (const { kind, stage, outcome: how, decides = 0 } of crash?.cuts ?? [])
    if (kind !== 'live' && stage === 'whole') whole[how] = (whole[how] ?? 0) + decides;
  const { states, decided, undecided, claim, recording } = crash ?? {};
  return { verdict, states, decided, undecided, claim, sha256: recording?.sha256, whole };
}

describe('a job array of Slurm', () => {
  needSlurm();

  /** Submits the script that `brownout ci slurm` writes; `logs` are what its jobs have printed, by their names. */
  async function submitted(slurm: Slurm, shared: string, file: string) {
    const { stdout: script } = await brownout(['ci', 'slurm', file, '--shards', '4']);
    const program = `${process.execPath} ${join(projectFolder, 'dist/cli/main.js')}`;
    const ids = slurm.submit(script, projectFolder, { BROWNOUT: program, BROWNOUT_SHARED: shared });
    const [record = '', decide = '', merge = ''] = ids.split(' ');
    const logs = async () => {
      const names = await readdir(join(shared, 'logs'));
      const texts = names.map(async (name) => [name, await readFile(join(shared, 'logs', name), 'utf8')]);
      return Object.fromEntries(await Promise.all(texts)) as Record<string, string>;
    };
    return { record, decide, merge, logs };
  }

  it('of four tasks, one of which is cancelled, comes to what one worker comes to', async () => {
    await using folder = await temporaryFolder();
    const [daemons, shared] = [join(folder.path, 'slurm'), join(folder.path, 'a shared folder')];
    await mkdir(daemons);
    await using slurm = await Slurm.start(daemons);
    const { record, decide, merge, logs } = await submitted(slurm, shared, scenario);
    const idle = () => slurm.ask('squeue', '-h') === '';
    const third = async () =>
      (await workersIn(join(shared, 'ledger'))).find(({ shard }) => shard?.index === 3);

    const atWork = async () => idle() || (await third()) !== undefined;
    await slurm.until('the third task is at work', 900, atWork);
    slurm.ask('scancel', `${decide}_2`);
    await slurm.until('all jobs have ended', 900, idle);
    const said = await logs();
    expect(Object.keys(said).sort(), JSON.stringify(said, null, 1)).toEqual([
      ...[0, 1, 2, 3].map((task) => `decide-${decide}-${task}.log`),
      ...[`merge-${merge}.log`, `record-${record}.log`],
    ]);
    expect(said[`decide-${decide}-2.log`]).toMatch(/CANCELLED AT/);
    expect((await third())?.ended).toBeUndefined();
    expect(said[`merge-${merge}.log`]).toContain('part 3 of 4 was not finished');

    const merged = JSON.parse(await readFile(join(shared, 'reports/latest/run.json'), 'utf8')) as RunRecord;
    expect(merged).toMatchObject({ verdict: 'passed', crash: { claim: 'exhaustive', undecided: 0 } });
    const alone = await brownout([
      ...['run', scenario, '--power-cuts', 'all', '--fresh', '--jobs', '1', '--json'],
      ...['--recording', join(shared, 'recordings'), '--reports', join(folder.path, 'alone')],
    ]);
    expect(outcome(merged)).toEqual(outcome(recordOf(alone)));
  });

  it('is taken back where nothing was recorded, and the merge says so', async () => {
    await using folder = await temporaryFolder();
    const [daemons, shared] = [join(folder.path, 'slurm'), join(folder.path, 'shared')];
    await mkdir(daemons);
    await using slurm = await Slurm.start(daemons);
    const { record, merge, logs } = await submitted(slurm, shared, 'scenarios/demo/missing.yaml');
    await slurm.until('all jobs have ended', 60, () => slurm.ask('squeue', '-h') === '');
    const said = await logs();
    expect(Object.keys(said).sort()).toEqual([`merge-${merge}.log`, `record-${record}.log`]);
    expect(said[`record-${record}.log`]).toContain('missing.yaml cannot be read');
    expect(said[`merge-${merge}.log`]).toContain('there is no ledger in');
  });
});
