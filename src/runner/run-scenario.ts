import { allOrStop } from '../core/all-or-stop.ts';
import { type ExploreLimits, exploreCuts } from '../crash/explore-cuts.ts';
import { assertFlushes, drawnCuts, pathName, present, type RunProgress } from '../crash/power-cuts.ts';
import { resetStorms } from '../crash/reset-storm.ts';
import type { RunContext } from '../device/run-context.ts';
import type { PathRecord } from '../model/record.ts';
import type { PowerCuts } from '../model/scenario.ts';
import { recordPath } from '../recording/record-path.ts';
import { type Recording, RecordingStore, unkept } from '../recording/recordings.ts';

/** What is asked of a run besides its scenario. */
export interface RunPlan {
  powerCuts: PowerCuts;
  /** For `all`. */
  limits: ExploreLimits;
  freshRecording: boolean;
  qemuVersion: string;
}

/** The flow of one scenario on one machine: every path without a cut, then the power cuts. */
export async function runScenario(context: RunContext, plan: RunPlan, progress: RunProgress): Promise<void> {
  context.emit({ type: 'phase', run: context.runId, phase: 'upgrade', detail: 'every path, without a cut' });
  await allOrStop(
    context.scenario.paths.map(async (releases, i) => {
      const path: PathRecord = { releases, steps: [] };
      progress.paths[i] = path;
      progress.recordings[i] = await obtainRecording(context, plan, path, pathName(i));
    }),
    context.stop,
  );
  const sound = present(progress.recordings).filter(
    ({ path }) => path.releases.length > 1 && path.steps.every((step) => step.verdict === 'passed'),
  );
  const { powerCuts } = plan;
  if (powerCuts.mode === 'none' || sound.length === 0) return;
  if (powerCuts.mode === 'all') await exploreCuts(context, plan.limits, sound, progress);
  else await drawnCuts(context, powerCuts, sound, progress);
  if (powerCuts.mode !== 'naive') await resetStorms(context, sound, progress);
}

/** The recording of a path: an earlier one with equal inputs if there are cuts to make from it, else a new one. */
async function obtainRecording(
  context: RunContext,
  plan: RunPlan,
  path: PathRecord,
  label: string,
): Promise<Recording> {
  const { releases } = path;
  const store = new RecordingStore(context, plan.qemuVersion);
  const known =
    plan.powerCuts.mode === 'none' || plan.freshRecording ? undefined : await store.find(releases, label);
  if (known !== undefined) {
    context.notice(
      `${releases.join('->')}: using the recording of an earlier run with equal inputs (--fresh-recording makes a new one)`,
    );
    for (const step of known.path.steps) {
      path.steps.push(step);
      context.emit({ type: 'step', run: context.runId, path: releases, step });
    }
    if (known.path.configuration !== undefined) path.configuration = known.path.configuration;
    if (known.path.software !== undefined) path.software = known.path.software;
    for (const table of path.configuration ?? [])
      context.emit({ type: 'configuration', run: context.runId, path: releases, table });
    return known;
  }
  const run = await context.vm(() => recordPath(context, path, label));
  const passed = run.path.steps.every((step) => step.verdict === 'passed');
  if (!passed || plan.powerCuts.mode === 'none') return unkept(run);
  assertFlushes(run);
  return store.keep(run);
}
