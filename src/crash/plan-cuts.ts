import type { Random } from '../core/random.ts';
import type { CutPhase, StateKind } from '../model/scenario.ts';
import type { Trace } from '../recording/trace.ts';
import { sampleStates } from '../writelog/sample.ts';
import type { PlannedState } from './planned.ts';

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

/** `p1` for the scenario's first path. */
export function pathName(index: number): string {
  return `p${index + 1}`;
}
