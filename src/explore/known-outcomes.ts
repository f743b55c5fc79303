import type { CrashState } from '../writelog/crash-state.ts';
import type { Window } from '../writelog/windows.ts';
import type { BootVerdict, ExploredBoot, Stage } from './boot.ts';
import type { Coverage } from './coverage.ts';
import type { Space } from './space.ts';
import type { StateClass, StateRef } from './states.ts';

/** Classes of states, from the one that is the easiest to understand on. */
const simplest: readonly StateClass[] = ['prefix', 'lost', 'subset', 'sampled', 'torn'];

/** How a stage ends for a state whose cells hold `contents`, as far as an earlier boot says so. */
export function knownOutcome(
  boots: readonly ExploredBoot<unknown>[],
  contents: Int32Array,
  { upgrade }: Window,
  stage: Stage,
): BootVerdict | undefined {
  const agrees = ({ window, [stage]: end }: ExploredBoot<unknown>) =>
    end !== undefined &&
    window.upgrade === upgrade &&
    end.read.cells.every((cell, i) => contents[cell] === end.read.contents[i]);
  return boots.find(agrees)?.[stage];
}

/** Of all states that some of an exploration's boots have decided, the one that is the easiest to understand. */
export function simplestOf<R>(
  {
    space,
    boots: all,
    whole,
    retry,
  }: { space: Space; boots: readonly ExploredBoot<R>[]; whole: Coverage; retry: Coverage },
  boots: readonly ExploredBoot<R>[],
  stage: Stage,
): { state: CrashState; window: Window } | undefined {
  const numbers = new Set(boots.map((boot) => all.indexOf(boot)));
  const coverage = stage === 'whole' ? whole : retry;
  const best = new Map<number, StateRef>();
  space.eachState((ref, stateClass) => {
    const rank = simplest.indexOf(stateClass);
    if (!best.has(rank) && numbers.has(coverage.decidedBy(ref) ?? -1)) best.set(rank, ref);
  });
  const [ref] = [...best].sort(([a], [b]) => a - b).map(([, found]) => found);
  const window = ref === undefined ? undefined : space.windows[space.placeOf(ref).window];
  return ref === undefined || window === undefined ? undefined : { state: space.crashState(ref), window };
}
