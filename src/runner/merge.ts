import { isDeepStrictEqual } from 'node:util';
import { ScenarioError } from '../core/errors.ts';
import type { SharedLedger } from '../crash/boot-ledger.ts';
import type { Scenario } from '../model/scenario.ts';
import { shardText } from '../model/shard.ts';
import { loadScenario } from '../scenario/load.ts';
import { ledgersBelow, readWorkers, type WorkerRecord } from './worker-record.ts';

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
  const ledgers = [...new Set(found.flat())].sort();
  const [first] = ledgers;
  if (first === undefined || without.length > 0)
    throw new ScenarioError('ledger-missing', `there is no ledger in ${without.join(', ')}, nor below`, {
      hint: 'give the folders that workers had as --ledger, or the report folders that they left with --shard',
    });
  const read = await Promise.all(ledgers.map(readWorkers));
  const damaged = read.reduce((sum, one) => sum + one.damaged, 0);
  const workers = read.flatMap((one) => one.workers).sort((a, b) => (a.began < b.began ? -1 : 1));
  const newest = workers.findLast(({ shard }) => shard !== undefined) ?? workers.at(-1);
  if (newest === undefined)
    throw new ScenarioError('ledger-missing', `no worker has left word of it in ${ledgers.join(', ')}`);
  const asked = workers.filter((worker) => isAlike(worker, newest));
  const runs = new Map(asked.map((worker) => [runOf(worker), worker]));
  const fitting = asked.filter((worker) => isSameRun(worker, runs.get(runOf(worker)) ?? worker));
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
  const others = workers.length - fitting.length;
  return {
    scenarios: [...scenarios.values()],
    seed: newest.seed,
    limits: newest.limits,
    ledger: { folder: first, besides: ledgers.slice(1), live: false },
    recordings: [...new Set(fitting.flatMap(({ recordings }) => recordings))],
    notices: [
      ...(damaged === 0 ? [] : [`${damaged} workers left word that cannot be read`]),
      ...(others === 0
        ? []
        : [
            `${others} workers were asked something else, or cut another recording: they have decided no part of this`,
          ]),
      ...[...runs.keys()].flatMap((run) =>
        unfinished(fitting.filter((worker) => runOf(worker) === run)).map((what) => `${run}: ${what}`),
      ),
    ],
  };
}

/** Scenario and machine. */
function runOf({ scenario, machine }: WorkerRecord): string {
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

function isSameRun(one: WorkerRecord, other: WorkerRecord): boolean {
  return one.scenario.sha256 === other.scenario.sha256 && isDeepStrictEqual(one.recordings, other.recordings);
}

/** The parts that nobody finished. */
function unfinished(workers: readonly WorkerRecord[]): string[] {
  const count = workers.find(({ shard }) => shard !== undefined)?.shard?.count ?? 0;
  return Array.from({ length: count }, (_, i) => i + 1).flatMap((index) => {
    const own = workers.filter(({ shard }) => shard?.index === index);
    if (own.some(({ ended }) => ended === 'complete')) return [];
    const text = shardText({ index, count });
    return own.length === 0
      ? [`no worker has begun ${text}: its states are decided here`]
      : [
          `${text} was not finished (${own.map(({ host }) => host).join(', ')}): what it left is decided here`,
        ];
  });
}
