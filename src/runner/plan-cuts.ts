import type { Random } from '../core/random.ts';
import type { CutPhase, StateKind } from '../model/scenario.ts';
import { sampleStates } from '../writelog/sample.ts';
import type { Ground } from './ground.ts';
import type { PlannedState } from './planned.ts';

/**
 * Up to `count` crash states; the grounds take turns as long as their logs hold states. Equal grounds and
 * seeds give equal plans, and a larger count only adds to them.
 */
export function planCuts(
  grounds: readonly Ground[],
  {
    count,
    phases,
    kinds,
    random,
  }: { count: number; phases: readonly CutPhase[]; kinds: readonly StateKind[]; random: Random },
): PlannedState[] {
  const sampled = grounds.map((ground, i) =>
    sampleStates(ground.log, { phases, kinds, count, random: random.fork(`path ${i + 1}`) }).map((state) => ({
      ...state,
      ground,
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
