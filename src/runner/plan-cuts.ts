import type { Random } from '../core/random.ts';
import type { CutPhase, StateKind } from '../model/scenario.ts';
import { sampleStates } from '../writelog/sample.ts';
import type { PlannedState } from './boot-state.ts';
import type { Recording } from './recordings.ts';

/**
 * Shares `count` crash states among the recordings, as evenly as their logs allow. Equal recordings and seeds
 * give equal plans.
 */
export function planCuts(
  recordings: readonly Recording[],
  {
    count,
    phases,
    kinds,
    random,
  }: { count: number; phases: readonly CutPhase[]; kinds: readonly StateKind[]; random: Random },
): PlannedState[] {
  const plan: PlannedState[] = [];
  recordings.forEach((recording, i) => {
    const share = Math.ceil((count - plan.length) / (recordings.length - i));
    const sampled = sampleStates(recording.log, {
      phases,
      kinds,
      count: share,
      random: random.fork(`path ${i + 1}`),
    });
    plan.push(...sampled.map((state) => ({ ...state, recording, pathName: pathName(i) })));
  });
  return plan;
}

/** `p1` for the scenario's first path. */
export function pathName(index: number): string {
  return `p${index + 1}`;
}
