import { HarnessError, ScenarioError } from '../core/errors.ts';
import { together } from '../core/together.ts';
import type { CutRecord, PathRecord } from '../model/record.ts';
import type { PowerCuts } from '../model/scenario.ts';
import type { Bench } from './bench.ts';
import { bootState } from './boot-state.ts';
import { liveCut } from './live-cut.ts';
import { pathName, planCuts } from './plan-cuts.ts';
import { present, type RunProgress } from './progress.ts';
import { recordPath } from './record-path.ts';
import { type Recording, RecordingStore, unkept } from './recordings.ts';

/** What is asked of a run besides its scenario. */
export interface RunPlan {
  powerCuts: PowerCuts;
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
  const sound = present(progress.recordings).filter(({ path }) =>
    path.steps.every((step) => step.verdict === 'passed'),
  );
  if (plan.powerCuts.mode === 'none' || sound.length === 0) return;

  const jobs = cutJobs(bench, plan.powerCuts, sound);
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
    return known;
  }
  const run = await bench.vm(() => recordPath(bench, path, label));
  const passed = run.path.steps.every((step) => step.verdict === 'passed');
  if (!passed || plan.powerCuts.mode === 'none') return unkept(run);
  if (!run.log.records.some(({ kind, completed }) => kind === 'flush' && completed !== undefined))
    throw new HarnessError(
      'no-flush',
      `${releases.join('->')}: the guest never flushed its disks, so no cut could lose anything: the disks are not attached as they should be`,
    );
  return store.keep(run);
}

/** What there is to boot: the sampled states and one live cut, or naive kills of QEMU. */
function cutJobs(
  bench: Bench,
  powerCuts: Exclude<PowerCuts, { mode: 'none' }>,
  sound: readonly Recording[],
): (() => Promise<CutRecord>)[] {
  if (powerCuts.mode === 'naive')
    return Array.from({ length: powerCuts.count }, (_, i) => () => {
      const recording = sound[i % sound.length] as Recording;
      return liveCut(bench, recording, 'kept', `naive${i + 1}`, bench.random.fork(`naive ${i + 1}`));
    });
  if (powerCuts.mode === 'all') throw new ScenarioError('power-cuts-invalid', 'exploration is not there yet');
  const { during: phases, states: kinds } = bench.scenario.powerCuts;
  const planned = planCuts(sound, {
    count: powerCuts.count,
    phases,
    kinds,
    random: bench.random.fork('cuts'),
  });
  if (planned.length === 0)
    throw new ScenarioError(
      'no-crash-states',
      `${bench.scenario.source.path}: powerCuts asks for ${kinds.join(', ')} states during ${phases.join(', ')}, and the write logs hold none`,
      { hint: 'add kinds or phases, or run with --power-cuts none' },
    );
  if (planned.length < powerCuts.count)
    bench.notice(
      `the write logs hold only ${planned.length} different states of the kinds asked for, not ${powerCuts.count}`,
    );
  const states = planned.map((state) => () => bootState(bench, state));
  if (!phases.includes('install')) return states;
  return [() => liveCut(bench, sound[0] as Recording, 'lost', 'live1', bench.random.fork('live')), ...states];
}
