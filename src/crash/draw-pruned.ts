import type { Random } from '../core/random.ts';
import type { StateRef } from '../explore/states.ts';
import type { Explored } from './explored.ts';

/** Up to `count` states that a boot of another one decided; the stateClasses take turns. */
export function drawPruned({ space, whole, boots }: Explored, random: Random, count: number): StateRef[] {
  const byClass = new Map<string, { seen: number; drawn: StateRef[] }>();
  space.eachState((ref, stateClass) => {
    const boot = boots[whole.decidedBy(ref) ?? -1];
    if (boot?.ref === undefined || sameRef(boot.ref, ref)) return;
    const pool = byClass.get(stateClass) ?? { seen: 0, drawn: [] };
    byClass.set(stateClass, pool);
    // Reservoir sampling: every state of the stateClass is equally likely.
    const place = pool.seen < count ? pool.seen : random.int(pool.seen + 1);
    pool.seen += 1;
    if (place < count) pool.drawn[place] = ref;
  });
  const pools = [...byClass.values()].map(({ drawn }) => drawn);
  return Array.from({ length: count }, (_, turn) => pools.flatMap((pool) => pool[turn] ?? []))
    .flat()
    .slice(0, count);
}

function sameRef(a: StateRef, b: StateRef): boolean {
  if ('subset' in a) return 'subset' in b && a.subset === b.subset;
  return 'axis' in b && a.axis === b.axis && a.position === b.position;
}
