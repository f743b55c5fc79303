import { access, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ScenarioError } from '../core/errors.ts';
import type { SharedLedger } from '../crash/boot-ledger.ts';
import type { MachineName } from '../model/machine.ts';
import type { Scenario } from '../model/scenario.ts';
import { shardText } from '../model/shard.ts';
import { loadScenario } from '../scenario/load.ts';
import {
  type FoundWorker,
  ledgersBelow,
  readWorkers,
  type WorkerRecord,
  workerProgram,
} from './worker-record.ts';

/** What workers were asked, and where they left what they have booted. */
export interface MergePlan {
  scenarios: Scenario[];
  seed: string;
  limits: WorkerRecord['limits'];
  ledger: SharedLedger;
  /** SHA-256 of the recordings that they cut the power in. */
  recordings: string[];
  /** What is to be said of workers that are missing, did not finish, or were asked something else. */
  notices: string[];
  /** The parts of a scenario on a machine that no worker has finished. */
  unfinished: (scenario: Scenario, machine: MachineName) => string[];
}

/**
 * Puts together what the workers of ledgers were asked. The newest one says what that is; it is told how many were asked
 * something else, or had another recording. Throws ScenarioError `ledger-missing` and `shards-differ`.
 */
export async function planMerge(
  folders: readonly string[],
  load: (file: string) => Promise<Scenario> = loadScenario,
): Promise<MergePlan> {
  const found = await Promise.all(folders.map((folder) => ledgersBelow(folder)));
  const without = folders.filter((_, i) => found[i]?.length === 0);
  // One that is given twice, or by a link, is one.
  const ledgers = [...new Set(await Promise.all(found.flat().map((ledger) => realpath(ledger))))].sort();
  const [first] = ledgers;
  if (first === undefined || without.length > 0) throw await noLedger(without);
  const read = await Promise.all(ledgers.map(readWorkers));
  const damaged = read.flatMap((one) => one.damaged);
  const byName = new Map(read.flatMap(({ workers }) => workers.map((worker) => [worker.name, worker])));
  const workers = [...byName.values()].sort((a, b) => (a.began < b.began ? -1 : 1));
  const newest = workers.findLast(({ shard }) => shard !== undefined) ?? workers.at(-1);
  if (newest === undefined)
    throw new ScenarioError('ledger-missing', `no worker has left word of it in ${ledgers.join(', ')}`, {
      hint: 'give the folders of workers that have begun to cut the power',
    });
  const asked = workers.filter((worker) => isAlike(worker, newest));
  const runs = new Map(asked.map((worker) => [runOf(worker), worker]));
  const program = await workerProgram();
  const unlike = (worker: FoundWorker) => differences(worker, runs.get(runOf(worker)) ?? newest, program);
  const fitting = asked.filter((worker) => unlike(worker).length === 0);
  const scenarios = new Map<string, Scenario>();
  for (const { scenario, machine } of runs.values()) {
    const loaded = scenarios.get(scenario.file) ?? { ...(await load(scenario.file)), machines: [] };
    if (loaded.source.sha256 !== scenario.sha256)
      throw new ScenarioError(
        'shards-differ',
        `${scenario.file} is not what the workers were given any more`,
        {
          hint: 'merge with the files that they had',
        },
      );
    scenarios.set(scenario.file, { ...loaded, machines: [...loaded.machines, machine] });
  }
  const others = workers.filter((worker) => !fitting.includes(worker));
  const open = new Map(
    [...runs.keys()].map((run) => [run, unfinished(fitting.filter((worker) => runOf(worker) === run))]),
  );
  return {
    scenarios: [...scenarios.values()],
    seed: newest.seed,
    limits: newest.limits,
    ledger: { folder: first, besides: ledgers.slice(1), live: false },
    recordings: [...new Set([...runs.values()].flatMap(({ recordings }) => recordings))],
    notices: [
      ...damaged.map(
        (file) => `${file} cannot be read: whose boots those are is not known, and its part is decided here`,
      ),
      ...othersText(others, unlike),
      ...[...open].flatMap(([run, parts]) =>
        parts.map((what) => `${run}: ${what}: its states are decided here`),
      ),
    ],
    unfinished: ({ source }, machine) =>
      open.get(runOf({ scenario: { file: source.path, sha256: '' }, machine })) ?? [],
  };
}

/** Why there is nothing to merge. */
async function noLedger(folders: readonly string[]): Promise<ScenarioError> {
  const isThere = async (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );
  const reasons = await Promise.all(
    folders.map(async (folder) => {
      if (!(await isThere(folder))) return `there is no ${folder}`;
      return (await isThere(join(folder, 'run.json')))
        ? `${folder} is the report of a run that had no part (--shard)`
        : `there is no ledger in ${folder}, nor below`;
    }),
  );
  return new ScenarioError('ledger-missing', reasons.join('; '), {
    hint: 'give the folders that workers had as --ledger, or the report folders that they left with --shard',
  });
}

/** In what a worker differs from one of those that are merged, for people; empty where it is one of them. */
function differences(worker: WorkerRecord, merged: WorkerRecord, program: string): string[] {
  const { shard, limits } = worker;
  const options = (Object.keys(limits) as (keyof typeof limits)[]).filter(
    (name) => limits[name] !== merged.limits[name],
  );
  const isOther = !isDeepStrictEqual(worker.recordings, merged.recordings);
  const isPart = shard !== undefined && shard.count !== merged.shard?.count;
  return [
    ...(worker.seed === merged.seed ? [] : [`--seed ${worker.seed}, not ${merged.seed}`]),
    ...options.map((name) => `${name} ${String(limits[name])}, not ${String(merged.limits[name])}`),
    ...(isPart ? [`parts of ${shard.count}, not of ${merged.shard?.count ?? 1}`] : []),
    ...(worker.scenario.sha256 === merged.scenario.sha256 ? [] : ['another content of the scenario file']),
    ...(isOther ? ['another recording'] : []),
    ...(worker.program === program ? [] : ['another version of brownout']),
  ];
}

/** Workers that have decided no part of what is merged, by what they had instead. */
function othersText(others: readonly FoundWorker[], unlike: (worker: FoundWorker) => string[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const worker of others) {
    const reason = unlike(worker).join(', ');
    byReason.set(reason, [...(byReason.get(reason) ?? []), whoText(worker)]);
  }
  return [...byReason].map(
    ([reason, who]) =>
      `left out: ${who.slice(0, 3).join(', ')}${who.length > 3 ? ` and ${who.length - 3} more` : ''}, with ${reason}; ` +
      'what they were to decide is missing until they are run as the others were',
  );
}

/** `part 2 of 4 on bench-1 (reports/…/ledger)` */
function whoText({ shard, host, ledger }: FoundWorker): string {
  return `${shard === undefined ? 'a worker' : shardText(shard)} on ${host} (${ledger})`;
}

/** Scenario and machine. */
function runOf({ scenario, machine }: Pick<WorkerRecord, 'scenario' | 'machine'>): string {
  return `${scenario.file} on ${machine}`;
}

/** Whether workers were asked the same of whatever scenarios. */
function isAlike(one: WorkerRecord, other: WorkerRecord): boolean {
  return (
    one.seed === other.seed &&
    isDeepStrictEqual(one.limits, other.limits) &&
    (one.shard === undefined || one.shard.count === other.shard?.count)
  );
}

/** The parts that nobody finished. */
function unfinished(workers: readonly WorkerRecord[]): string[] {
  const count = workers.find(({ shard }) => shard !== undefined)?.shard?.count ?? 0;
  const of = (index: number) => workers.filter(({ shard }) => shard?.index === index);
  const indexes = Array.from({ length: count }, (_, i) => i + 1);
  const twice = indexes.filter((index) => of(index).length > 1);
  return indexes.flatMap((index) => {
    const own = of(index);
    if (own.some(({ ended }) => ended === 'complete')) return [];
    const text = shardText({ index, count });
    if (own.length > 0) return [`${text} was not finished (${own.map(({ host }) => host).join(', ')})`];
    const doubled = twice.map((one) => `${shardText({ index: one, count })} was begun more than once`);
    return [`no worker has begun ${text}${doubled.length === 0 ? '' : ` (${doubled.join(', ')})`}`];
  });
}
