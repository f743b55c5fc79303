import { HarnessError, ScenarioError } from '../core/errors.ts';
import { together } from '../core/together.ts';
import type { CutRecord } from '../model/record.ts';
import type { PowerCuts } from '../model/scenario.ts';
import type { Bench } from './bench.ts';
import { bootState } from './boot-state.ts';
import type { Ground } from './ground.ts';
import { liveCut } from './live-cut.ts';
import { pathName, planCuts } from './plan-cuts.ts';
import { present, type RunProgress } from './progress.ts';
import type { Recording } from './recordings.ts';

/** The ground that a recorded path gives. */
export function groundOf({ path, log, arenaPath, sha256, configuration }: Recording, index: number): Ground {
  return { releases: path.releases, name: pathName(index), log, arenaPath, sha256, configuration };
}

/** Makes a given number of cuts, drawn or naive; `sound` are the recordings to cut, with their place in the scenario. */
export async function drawnCuts(
  bench: Bench,
  powerCuts: Extract<PowerCuts, { count: number }>,
  sound: readonly Recording[],
  progress: RunProgress,
): Promise<void> {
  const jobs =
    powerCuts.mode === 'naive'
      ? naiveJobs(bench, powerCuts.count, sound)
      : sampledJobs(bench, powerCuts.count, sound);
  bench.emit({ type: 'phase', run: bench.runId, phase: 'power cuts', detail: `${jobs.length} to boot` });
  bench.emit({ type: 'cuts-planned', run: bench.runId, total: jobs.length });
  await together(
    jobs.map(async (job, i) => {
      const cut = await bench.vm(job);
      progress.cuts[i] = cut;
      const done = present(progress.cuts).length;
      bench.emit({ type: 'cut', run: bench.runId, done, total: jobs.length, cut });
    }),
    bench.stop,
  );
}

type Job = () => Promise<CutRecord>;

function naiveJobs(bench: Bench, count: number, sound: readonly Recording[]): Job[] {
  return Array.from({ length: count }, (_, i) => () => {
    const recording = sound[i % sound.length] as Recording;
    return liveCut(bench, recording, 'kept', `naive${i + 1}`, bench.random.fork(`naive ${i + 1}`));
  });
}

function sampledJobs(bench: Bench, count: number, sound: readonly Recording[]): Job[] {
  const { during: phases, states: kinds } = bench.scenario.powerCuts;
  const planned = planCuts(sound.map(groundOf), { count, phases, kinds, random: bench.random.fork('cuts') });
  if (planned.length === 0) throw noStates(bench);
  if (planned.length < count)
    bench.notice(
      `the write logs hold only ${planned.length} different states of the kinds asked for, not ${count}`,
    );
  const retry = bench.scenario.expect.retry === 'succeeds';
  const states = planned.map((state) => async () => (await bootState(bench, state, { retry })).record);
  return [...liveJobs(bench, sound), ...states];
}

/** The live cut that holds the write log to account, where installations are cut. */
export function liveJobs(bench: Bench, [first]: readonly Recording[]): Job[] {
  if (first === undefined || !bench.scenario.powerCuts.during.includes('install')) return [];
  return [() => liveCut(bench, first, 'lost', 'live1', bench.random.fork('live'))];
}

/** What to say where there is nothing to cut. */
export function noStates({ scenario }: Bench): ScenarioError {
  const { during, states } = scenario.powerCuts;
  return new ScenarioError(
    'no-crash-states',
    `${scenario.source.path}: powerCuts asks for ${states.join(', ')} states during ${during.join(', ')}, and the write logs hold none`,
    { hint: 'add kinds or phases, or run with --power-cuts none' },
  );
}

/** Ends the run where the guest's log cannot be what it seems. */
export function assertFlushes({
  path,
  log,
}: Recording | { path: Recording['path']; log: Recording['log'] }): void {
  if (!log.records.some(({ kind, completed }) => kind === 'flush' && completed !== undefined))
    throw new HarnessError(
      'no-flush',
      `${path.releases.join('->')}: the guest never flushed its disks, so no cut could lose anything: the disks are not attached as they should be`,
    );
}
