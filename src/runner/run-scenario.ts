import { together } from '../core/together.ts';
import type { PathRecord } from '../model/record.ts';
import type { PowerCuts } from '../model/scenario.ts';
import type { Bench } from './bench.ts';
import { type ExploreLimits, exploreCuts } from './explore-cuts.ts';
import { pathName } from './plan-cuts.ts';
import { assertFlushes, drawnCuts } from './power-cuts.ts';
import { present, type RunProgress } from './progress.ts';
import { recordPath } from './record-path.ts';
import { type Recording, RecordingStore, unkept } from './recordings.ts';

/** What is asked of a run besides its scenario. */
export interface RunPlan {
  powerCuts: PowerCuts;
  /** For `all`. */
  limits: ExploreLimits;
  freshRecording: boolean;
  qemuVersion: string;
}

/** The flow of one scenario on one machine: every path without a cut, then the power cuts. */
export async function runScenario(bench: Bench, plan: RunPlan, progress: RunProgress): Promise<void> {
  bench.emit({ type: 'phase', run: bench.runId, phase: 'upgrade', detail: 'every path, without a cut' });
  await together(
    bench.scenario.paths.map(async (releases, i) => {
      const path: PathRecord = { releases, steps: [] };
      progress.paths[i] = path;
      progress.recordings[i] = await obtainRecording(bench, plan, path, pathName(i));
    }),
    bench.stop,
  );
  const sound = present(progress.recordings).filter(
    ({ path }) => path.releases.length > 1 && path.steps.every((step) => step.verdict === 'passed'),
  );
  const { powerCuts } = plan;
  if (powerCuts.mode === 'none' || sound.length === 0) return;
  if (powerCuts.mode === 'all') await exploreCuts(bench, plan.limits, sound, progress);
  else await drawnCuts(bench, powerCuts, sound, progress);
}

/** The recording of a path: an earlier one with equal inputs if there are cuts to make from it, else a new one. */
async function obtainRecording(
  bench: Bench,
  plan: RunPlan,
  path: PathRecord,
  label: string,
): Promise<Recording> {
  const { releases } = path;
  const store = new RecordingStore(bench, plan.qemuVersion);
  const known =
    plan.powerCuts.mode === 'none' || plan.freshRecording ? undefined : await store.find(releases, label);
  if (known !== undefined) {
    bench.notice(
      `${releases.join('->')}: using the recording of an earlier run with equal inputs (--fresh-recording makes a new one)`,
    );
    for (const step of known.path.steps) {
      path.steps.push(step);
      bench.emit({ type: 'step', run: bench.runId, path: releases, step });
    }
    if (known.path.configuration !== undefined) path.configuration = known.path.configuration;
    for (const table of path.configuration ?? [])
      bench.emit({ type: 'configuration', run: bench.runId, path: releases, table });
    return known;
  }
  const run = await bench.vm(() => recordPath(bench, path, label));
  const passed = run.path.steps.every((step) => step.verdict === 'passed');
  if (!passed || plan.powerCuts.mode === 'none') return unkept(run);
  assertFlushes(run);
  return store.keep(run);
}
