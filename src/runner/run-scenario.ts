import { allOrStop } from '../core/all-or-stop.ts';
import { ScenarioError } from '../core/errors.ts';
import { type ExploreLimits, exploreCuts } from '../crash/explore-cuts.ts';
import {
  assertFlushes,
  drawnCuts,
  isSound,
  pathName,
  present,
  type RunProgress,
} from '../crash/power-cuts.ts';
import { resetStorms } from '../crash/reset-storm.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Budget } from '../explore/exploration-parts.ts';
import { type PathRecord, worstEnd } from '../model/record.ts';
import { type RecordingVariant, variantsOf, variantText } from '../model/recording.ts';
import type { PowerCuts } from '../model/scenario.ts';
import { recordPath } from '../recording/record-path.ts';
import { type Recording, RecordingStore, unkept } from '../recording/recordings.ts';
import { earlierPaths } from './earlier-paths.ts';
import { beginWorker } from './worker-record.ts';

/** What is asked of a run besides its scenario. */
export interface RunPlan {
  powerCuts: PowerCuts;
  /** For `all`. */
  limits: ExploreLimits;
  recordings: RecordingsPlan;
  seed: string;
  qemuVersion: string;
}

/** Where recordings come from, and where they go. */
export interface RecordingsPlan {
  /** Record again even where an earlier run with equal inputs has left a recording. */
  fresh?: boolean;
  /** It is gone on with what an earlier run has recorded, and booted; so there must be such a one. */
  resume?: boolean;
  /** Where nothing is cut: paths count that an earlier run has taken, and are kept for later ones. */
  keepPaths?: boolean;
  /** A folder of recordings that were made elsewhere: nothing is recorded. */
  from?: string | undefined;
  /** Nothing is decided besides what the paths show without a cut. */
  only?: boolean;
  /** A folder in which other hosts find them. */
  to?: string | undefined;
  /** SHA-256 of those that workers have cut, where their boots are to be merged: no other will do. */
  cut?: readonly string[];
}

/** The flow of one scenario on one machine: every path without a cut, then the power cuts. */
export async function runScenario(context: RunContext, plan: RunPlan, progress: RunProgress): Promise<void> {
  if (plan.recordings.resume === true) await assertResumable(context, plan);
  context.emit({ type: 'phase', run: context.runId, phase: 'upgrade', detail: 'every path, without a cut' });
  await allOrStop(
    context.scenario.paths.map((releases, i) => recordAll(context, plan, releases, i, progress)),
    context.stop,
  );
  const sound = present(progress.recordings).filter(isSound);
  const { powerCuts, recordings } = plan;
  if (powerCuts.mode === 'none' || sound.length === 0 || recordings.only === true) return;
  const budget = powerCuts.mode === 'all' ? await exploreAll(context, plan, sound, progress) : undefined;
  if (powerCuts.mode !== 'all') await drawnCuts(context, powerCuts, sound, progress);
  if (powerCuts.mode !== 'naive' && plan.limits.shard === undefined) {
    const undisturbed = sound.filter(({ path }) => path.recording === undefined);
    await resetStorms(context, undisturbed, progress, budget);
  }
}

/** Explores; with a ledger that is shared, leaves word of it there. Returns what is left of the budget. */
async function exploreAll(
  context: RunContext,
  plan: RunPlan,
  sound: readonly Recording[],
  progress: RunProgress,
): Promise<Budget> {
  const leaveWord = await beginWorker(context, plan, sound);
  const budget = await exploreCuts(context, plan.limits, sound, progress);
  const ends = progress.explorations
    .filter(({ stage }) => stage === 'whole')
    .map(({ opened }) => opened.exploration.ended.whole);
  await leaveWord(worstEnd(ends));
  return budget;
}

/** The recordings of a path; where the first is not sound, or nothing is cut, there are no others. */
async function recordAll(
  context: RunContext,
  plan: RunPlan,
  releases: string[],
  index: number,
  progress: RunProgress,
): Promise<void> {
  const record = async (position: number, recording?: RecordingVariant) => {
    const path: PathRecord = { releases, ...(recording === undefined ? {} : { recording }), steps: [] };
    progress.paths[position] = path;
    const found = await obtainRecording(context, plan, path, pathName(index, recording));
    progress.recordings[position] = found;
    return found;
  };
  const earlier = await earlierPaths(context, plan);
  const known = await earlier?.find(releases);
  if (known !== undefined) {
    context.notice(
      `${releases.join('->')}: taken by an earlier run with equal inputs (--fresh takes it again)`,
    );
    tell(context, known);
    progress.paths[index] = known;
    return;
  }
  const first = await record(index);
  await earlier?.keep(progress.paths[index]);
  if (plan.powerCuts.mode === 'none' || !isSound(first)) return;
  const { paths, powerCuts } = context.scenario;
  await allOrStop(
    variantsOf(powerCuts).map((variant, i) => record((i + 1) * paths.length + index, variant)),
    context.stop,
  );
}

/** The recording of a path: an earlier one with equal inputs if there are cuts to make from it, else a new one. */
async function obtainRecording(
  context: RunContext,
  plan: RunPlan,
  path: PathRecord,
  label: string,
): Promise<Recording> {
  const { releases, recording } = path;
  const name = [releases.join('->'), ...(recording === undefined ? [] : [variantText(recording)])].join(', ');
  const store = new RecordingStore(context, plan.qemuVersion);
  const { from, to, fresh } = plan.recordings;
  const exported = async (found: Recording) => {
    if (to !== undefined) context.notice(`${name}: recording in ${await store.export(found, to)}`);
    return found;
  };
  const find = () => (from === undefined ? store.find(path, label) : store.take(from, path, label));
  const known = plan.powerCuts.mode === 'none' || fresh === true ? undefined : await find();
  assertCut(plan.recordings, known, name);
  if (known !== undefined) {
    context.notice(
      from === undefined
        ? `${name}: using the recording of an earlier run with equal inputs (--fresh-recording makes a new one)`
        : `${name}: using the recording in ${from}`,
    );
    path.steps.push(...known.path.steps);
    if (known.path.configuration !== undefined) path.configuration = known.path.configuration;
    if (known.path.software !== undefined) path.software = known.path.software;
    tell(context, path);
    return exported(known);
  }
  await tellOutdated(context, plan, store, path, name);
  const run = await context.vm(() => recordPath(context, path, label));
  const passed = run.path.steps.every((step) => step.verdict === 'passed');
  if (!passed || plan.powerCuts.mode === 'none') return unkept(run);
  assertFlushes(run);
  return exported(await store.keep(run));
}

/** Says that a recording is kept which this run cannot go on with, and why. */
async function tellOutdated(
  { notice }: RunContext,
  { powerCuts, recordings: { fresh = false } }: RunPlan,
  store: RecordingStore,
  path: PathRecord,
  name: string,
): Promise<void> {
  const outdated = fresh || powerCuts.mode === 'none' ? undefined : await store.outdated(path);
  if (outdated !== undefined)
    notice(
      `${name}: recorded anew, since the recording of an earlier run was made with other ${outdated}; its boots do not count`,
    );
}

/** Throws ScenarioError `nothing-to-resume` where no earlier run has left a recording, or one that does not fit. */
async function assertResumable(context: RunContext, { qemuVersion }: RunPlan): Promise<void> {
  const { paths, name } = context.scenario;
  const store = new RecordingStore(context, qemuVersion);
  const nothing = (message: string) =>
    new ScenarioError('nothing-to-resume', `${message}: there is nothing to go on with`, {
      hint: 'the same command without --resume begins anew',
    });
  const kept = await Promise.all(paths.map((releases) => store.has({ releases })));
  for (const [i, releases] of paths.entries()) {
    const outdated = kept[i] === true ? undefined : await store.outdated({ releases });
    if (outdated !== undefined)
      throw nothing(`the earlier run of ${releases.join('->')} was made with other ${outdated}`);
  }
  if (!kept.includes(true)) throw nothing(`no run of ${JSON.stringify(name)} has recorded a path to its end`);
}

/** Tells of a path that an earlier run has taken as if it were taken now. */
function tell(context: RunContext, { releases, steps, configuration = [] }: PathRecord): void {
  for (const step of steps) context.emit({ type: 'step', run: context.runId, path: releases, step });
  for (const table of configuration)
    context.emit({ type: 'configuration', run: context.runId, path: releases, table });
}

/** Throws ScenarioError `recording-unfit` where a recording is not one that workers have cut. */
function assertCut({ cut }: RecordingsPlan, known: Recording | undefined, name: string): void {
  if (cut === undefined || (known !== undefined && cut.includes(known.sha256))) return;
  const what =
    known === undefined ? 'is not kept here' : `kept here is another one (${known.sha256.slice(0, 12)})`;
  throw new ScenarioError(
    'recording-unfit',
    `the recording of ${name} that the workers have cut (${cut.map((one) => one.slice(0, 12)).join(', ')}) ${what}`,
    { hint: 'give --recording the folder that the workers were given' },
  );
}
