import type { Coverage } from '../explore/coverage.ts';
import { stateClasses } from '../explore/states.ts';
import type { DecidedStates } from '../model/event.ts';

/** Milliseconds between two counts: each looks at every state. */
const countEveryMs = 5000;

/** Counts how many states of each kind are decided, and says the last count again until some seconds have passed. */
export function kindCounter(now: () => number = () => performance.now()) {
  let counted: DecidedStates['kinds'] = [];
  let at = Number.NEGATIVE_INFINITY;
  return (coverages: readonly Pick<Coverage, 'tally'>[]): DecidedStates['kinds'] => {
    if (now() - at < countEveryMs) return counted;
    at = now();
    const tallies = coverages.map((coverage) => coverage.tally());
    counted = stateClasses.flatMap((kind) => {
      const sum = (of: 'all' | 'decided') => tallies.reduce((total, tally) => total + tally[of][kind], 0);
      return sum('all') === 0 ? [] : [{ kind, decided: sum('decided'), all: sum('all') }];
    });
    return counted;
  };
}
