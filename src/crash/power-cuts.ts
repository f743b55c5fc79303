import { allOrStop } from '../core/all-or-stop.ts';
import { HarnessError, ScenarioError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { RunContext } from '../device/run-context.ts';
import type { CutRecord, Ended, Finding, PathRecord, StageName, WrittenSet } from '../model/record.ts';
import type { RecordingVariant } from '../model/recording.ts';
import type { CutPhase, LaterCut, PowerCuts, StateKind } from '../model/scenario.ts';
import type { Recording } from '../recording/recordings.ts';
import type { Trace } from '../recording/trace.ts';
import { sampleStates } from '../writelog/sample.ts';
import { bootState } from './boot-state.ts';
import { type DescribedTrace, describeCuttable } from './described-trace.ts';
import { liveCut } from './live-cut.ts';
import type { TraceExploration } from './open-exploration.ts';
import type { PlannedState } from './planned.ts';
import { unlessStarved } from './starved-boots.ts';

/** What a run came to, filled in as it goes so that an interrupted run still has its part; by position. */
export interface RunProgress {
  paths: (PathRecord | undefined)[];
  recordings: (Recording | undefined)[];
  cuts: (CutRecord | undefined)[];
  /** Of explorations, and explained as far as they were. */
  findings: Finding[];
  explorations: {
    stage: 'whole' | LaterCut;
    opened: TraceExploration;
    described: DescribedTrace;
    rawAgain?: true;
  }[];
  /** Those of the explorations whose ways to fail are among the findings. */
  reported: Set<TraceExploration>;
  /** The traces of which states were drawn and booted one by one; absent: of none. */
  drawn?: DescribedTrace[];
  /** The stages that explorations were asked for. */
  stages: StageName[];
  /** How each further cut ended of each path, and what had been written before it. */
  laterCuts: { name: LaterCut; ended: Ended; written: WrittenSet[] }[];
  /** Reset storms that were asked for, those that came to an end, and whether the budget ended before; absent: none were. */
  storms?: { planned: number; done: number; cutShort?: true };
}

/** The entries that are there, in order. */
export function present<T>(list: readonly (T | undefined)[]): T[] {
  return list.filter((entry) => entry !== undefined);
}

/** `p1` for the scenario's first path, `p1r2` for the second recording of it. */
export function pathName(index: number, variant?: RecordingVariant): string {
  return `p${index + 1}${variant === undefined ? '' : `r${variant.number}`}`;
}

/** Whether a path is one to cut: it has an upgrade, and all went well without a cut. */
export function isSound({ path: { releases, steps } }: Pick<Recording, 'path'>): boolean {
  return releases.length > 1 && steps.every((step) => step.verdict === 'passed');
}

/** The trace that a recorded path gives. */
export function traceOf({ path, label, log, arenaPath, sha256, configuration, odd }: Recording): Trace {
  const { releases, recording } = path;
  return { releases, recording, name: label, log, arenaPath, sha256, configuration, odd };
}

/** Makes a given number of cuts, drawn or naive; `sound` are the recordings to cut, with their place in the scenario. */
export async function drawnCuts(
  context: RunContext,
  powerCuts: Extract<PowerCuts, { count: number }>,
  sound: readonly Recording[],
  progress: RunProgress,
): Promise<void> {
  const jobs =
    powerCuts.mode === 'naive'
      ? naiveJobs(context, powerCuts.count, sound)
      : sampledJobs(context, powerCuts.count, sound);
  if (powerCuts.mode === 'random')
    progress.drawn = await Promise.all(
      sound.map((recording) => describeCuttable(context, traceOf(recording))),
    );
  context.emit({ type: 'phase', run: context.runId, phase: 'power cuts', detail: `${jobs.length} to boot` });
  context.emit({ type: 'cuts-planned', run: context.runId, total: jobs.length });
  await allOrStop(
    jobs.map(async (job, i) => {
      const cut = await context.vm(job);
      progress.cuts[i] = cut;
      const done = present(progress.cuts).length;
      context.emit({ type: 'cut', run: context.runId, done, total: jobs.length, cut });
    }),
    context.stop,
  );
}

type Job = () => Promise<CutRecord>;

function naiveJobs(context: RunContext, count: number, sound: readonly Recording[]): Job[] {
  return Array.from({ length: count }, (_, i) => () => {
    const recording = sound[i % sound.length] as Recording;
    return unlessStarved(context, `naive${i + 1}`, (label) =>
      liveCut(context, recording, 'kept', label, context.random.fork(`naive ${i + 1}`)),
    );
  });
}

function sampledJobs(context: RunContext, count: number, sound: readonly Recording[]): Job[] {
  const { during: phases, states: kinds } = context.scenario.powerCuts;
  const planned = planCuts(sound.map(traceOf), { count, phases, kinds, random: context.random.fork('cuts') });
  if (planned.length === 0) throw noStates(context);
  if (planned.length < count)
    context.notice(
      `the write logs hold only ${planned.length} different states of the kinds asked for, not ${count}`,
    );
  const retry = context.scenario.expect.retry === 'succeeds';
  const states = planned.map((state) => async () => (await bootState(context, state, { retry })).record);
  return [...liveJobs(context, sound), ...states];
}

/**
 * Up to `count` crash states; the traces take turns as long as their logs hold states. Equal traces and
 * seeds give equal plans, and a larger count only adds to them.
 */
export function planCuts(
  traces: readonly Trace[],
  {
    count,
    phases,
    kinds,
    random,
  }: { count: number; phases: readonly CutPhase[]; kinds: readonly StateKind[]; random: Random },
): PlannedState[] {
  const sampled = traces.map((trace, i) =>
    sampleStates(trace.log, { phases, kinds, count, random: random.fork(`path ${i + 1}`) }).map((state) => ({
      ...state,
      trace,
    })),
  );
  const rounds = Math.max(...sampled.map((states) => states.length));
  return Array.from({ length: rounds }, (_, round) => sampled.flatMap((states) => states[round] ?? []))
    .flat()
    .slice(0, count);
}

/** The live cut that holds the write log to account, where installations are cut. */
export function liveJobs(context: RunContext, [first]: readonly Recording[]): Job[] {
  if (first === undefined || !context.scenario.powerCuts.during.includes('install')) return [];
  return [
    () =>
      unlessStarved(context, 'live1', (label) =>
        liveCut(context, first, 'lost', label, context.random.fork('live')),
      ),
  ];
}

/** What to say where there is nothing to cut. */
export function noStates({ scenario }: RunContext): ScenarioError {
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
