/**
 * What several workers cost: the crash states of one recording decided by 1, 2 and 4 workers at once, with a ledger that they
 * share and with one each, and merged. Devices are simulated, with `--boot-ms` a boot, so that workers hear of each other as
 * those of real ones do and `--recordings` make it as large as is wanted. With `--scenario` they are QEMU's, and
 * the command line is run. Prints JSON; progress goes to standard error.
 * npm run bench:shards -- [--recordings N] [--boot-ms N] [--second-cuts N] [--workers 1,2,4] [--output FOLDER] [--scenario FILE --machine NAME]
 */
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { exitCodeOfRuns } from '../../src/cli/exit-code.ts';
import { readLines } from '../../src/core/checked-lines.ts';
import { type BootFact, restoreFact } from '../../src/crash/boot-fact.ts';
import { readWord } from '../../src/crash/ledger-word.ts';
import type { CutRecord, RunRecord } from '../../src/model/record.ts';
import type { Shard } from '../../src/model/shard.ts';
import { planMerge } from '../../src/runner/merge.ts';
import { type RunOptions, runScenarios } from '../../src/runner/run-scenarios.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { fewBoots, simulatedHost, usualScenario } from '../support/simulated/host.ts';
import { slotImage } from '../support/simulated/images.ts';
import { simulatedTargets } from '../support/simulated/machine.ts';
import { restores } from '../support/simulated/restores.ts';
import { SlotGuest } from '../support/simulated/slot-guest.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    machine: { type: 'string', default: 'qemuarm64' },
    recordings: { type: 'string', default: '8' },
    'boot-ms': { type: 'string', default: '50' },
    'second-cuts': { type: 'string', default: '6' },
    workers: { type: 'string', default: '1,2,4' },
    ways: { type: 'string', default: 'shared,apart' },
    output: { type: 'string', default: 'reports/bench-shards' },
  },
});

/** Whoever runs workers and merges what they leave below a folder. */
interface Runner {
  work: (shard: Shard, folder: string, ledger: string | undefined) => Promise<RunRecord>;
  merge: (folder: string) => Promise<RunRecord>;
}

/** Runs the built command line on a scenario's real devices. */
async function commandLine(scenario: string): Promise<Runner> {
  const recordings = join(values.output, 'recordings');
  const usual = ['--machine', values.machine];
  const from = ['--recording', recordings, '--jobs', '1'];
  const run = async (args: string[]) => {
    process.stderr.write(`brownout ${args.join(' ')}\n`);
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const child = spawn(process.execPath, ['dist/cli/main.js', ...args, '--json'], { stdio: [...stdio] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    const exitCode = await new Promise<number | null>((done, reject) => {
      child.once('error', reject);
      child.once('close', done);
    });
    const [first] = stdout === '' ? [] : (JSON.parse(stdout) as { runs: { record: RunRecord }[] }).runs;
    if (first === undefined)
      throw new Error(`brownout ${args.join(' ')} ended with ${exitCode} and printed nothing`);
    return first.record;
  };
  await run([
    'record',
    scenario,
    ...usual,
    '--output',
    recordings,
    '--reports',
    join(values.output, 'record'),
  ]);
  return {
    work: ({ index, count }, folder, ledger) =>
      run([
        ...['run', scenario, ...usual, '--power-cuts', 'all', ...from],
        ...(ledger === undefined ? [] : ['--ledger', ledger]),
        ...['--shard', `${index}/${count}`, '--reports', join(folder, `reports-${index}`)],
      ]),
    merge: (folder) => run(['report', 'merge', folder, ...from, '--reports', join(folder, 'merged')]),
  };
}

/** Runs simulated devices in this process, each with a boot that takes its time. */
async function simulated(): Promise<Runner> {
  const folder = resolve(values.output, 'simulated');
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'image'), { recursive: true });
  process.env['BROWNOUT_CACHE'] = join(folder, 'cache');
  const file = join(folder, 'simulated.yaml');
  const secondCutBoots = Number(values['second-cuts']);
  const limits = { ...fewBoots, secondCutBoots };
  const cutsAgain = secondCutBoots > 0;
  const powerCuts = {
    recordings: Number(values.recordings),
    ...(cutsAgain ? { during: ['install', 'first-boot', 'second-cut'] } : {}),
  };
  await writeFile(file, JSON.stringify({ ...usualScenario, powerCuts }));
  const manifest = await slotImage(join(folder, 'image'));
  const onStart: typeof restores = async (...started) => {
    await sleep(Number(values['boot-ms']));
    if (cutsAgain) await restores(...started);
  };
  const createTarget = simulatedTargets(() => new SlotGuest({ onStart }));
  const host = simulatedHost(folder, () => manifest, createTarget);
  const run = async (asked: Pick<RunOptions, 'reports'> & Partial<RunOptions>) => {
    const [record] = await runScenarios({
      ...{ scenarios: [await loadScenario(file)], machine: undefined, powerCuts: { mode: 'all' } },
      ...{ limits, seed: '1', jobs: 1, sshPort: undefined, recordings: {}, host },
      events: () => undefined,
      signal: new AbortController().signal,
      ...asked,
    });
    if (record === undefined) throw new Error('nothing was run');
    return record;
  };
  await run({ reports: join(folder, 'record'), recordings: { only: true } });
  return {
    work: (shard, below, ledger) =>
      run({
        reports: join(below, `reports-${shard.index}`),
        limits: {
          ...{ ...limits, reuse: true, shard },
          ledger: ledger === undefined ? undefined : { folder: ledger, besides: [], live: true },
        },
      }),
    merge: async (below) => {
      const { limits: asked, ledger, recordings, seed } = await planMerge([below]);
      return run({
        ...{ reports: join(below, 'merged'), seed, recordings: { cut: recordings } },
        limits: { ...limits, ...asked, reuse: true, ledger },
      });
    },
  };
}

/** Boots of recorded states that a run has made itself. */
const bootsOf = ({ crash }: RunRecord): CutRecord[] =>
  (crash?.cuts ?? []).filter(({ kind, booted }) => kind !== 'live' && booted === undefined);
const wholeOf = (record: RunRecord) =>
  bootsOf(record).filter(({ stage, decides = 0 }) => stage === 'whole' && decides > 0);
/** What boots that workers have kept were made for. */
function kindOf({ record, retry, cold, audit, seed }: BootFact): string {
  if (record.during === 'second-cut') return 'secondCut';
  if (seed > 0) return 'otherChance';
  if (audit) return 'audit';
  if (retry) return 'retry';
  return cold ? 'explanation' : 'deciding';
}

/** How many boots of each kind the ledgers below a folder have; `recovery`: recorded, to be cut again. */
async function kindsBelow(folder: string): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (const { name, parentPath } of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!/\/boots\/[^/]+\/[^/]+\/(canonical|raw)$/.test(parentPath)) continue;
    for (const value of readLines(await readFile(join(parentPath, name), 'utf8')).values) {
      const fact = restoreFact(value);
      const kind = fact !== undefined ? kindOf(fact) : readWord(value).ground && 'recovery';
      if (kind !== undefined) kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
  }
  return kinds;
}

const sum = <T>(list: readonly T[], of: (one: T) => number) =>
  list.reduce((total, one) => total + of(one), 0);
const round = (number: number) => Math.round(number * 10) / 10;
const cpu = ({ timings }: RunRecord) => timings['cuts.cpu'] ?? 0;

await mkdir(values.output, { recursive: true });
const { work, merge } =
  values.scenario === undefined ? await simulated() : await commandLine(values.scenario);
const results: object[] = [];
for (const way of values.ways.split(','))
  for (const count of values.workers.split(',').map(Number)) {
    const folder = resolve(values.output, `${way}-${count}`);
    await rm(folder, { recursive: true, force: true });
    const ledger = way === 'shared' ? join(folder, 'ledger') : undefined;
    const began = performance.now();
    const shards = Array.from({ length: count }, (_, i) => ({ index: i + 1, count }));
    const workers = await Promise.all(shards.map((shard) => work(shard, folder, ledger)));
    const worked = performance.now();
    const kinds = await kindsBelow(folder);
    const merged = await merge(folder);
    const { crash, verdict } = merged;
    const result = {
      way,
      workers: count,
      exitCodes: workers.map((record) => exitCodeOfRuns([record])),
      verdict,
      claim: crash?.claim,
      decided: sum(Object.values(crash?.decided ?? {}), (states) => states),
      boots: sum(workers, (record) => bootsOf(record).length),
      bootsToDecide: sum(workers, (record) => wholeOf(record).length),
      kinds,
      bootsOfEach: workers.map((record) => bootsOf(record).length),
      mergeBoots: bootsOf(merged).length,
      cpuSeconds: round(sum(workers, cpu)),
      mergeCpuSeconds: round(cpu(merged)),
      wallSeconds: round((worked - began) / 1000),
      mergeSeconds: round((performance.now() - worked) / 1000),
    };
    results.push(result);
    process.stderr.write(`${JSON.stringify(result)}\n`);
  }
console.log(JSON.stringify(results, null, 2));
