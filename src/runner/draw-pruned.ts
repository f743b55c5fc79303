import type { Random } from '../core/random.ts';
import type { StateRef } from '../explore/states.ts';
import type { Explored } from './explored.ts';

/** Up to `count` states that a boot of another one decided; the rungs take turns. */
export function drawPruned({ space, whole, boots }: Explored, random: Random, count: number): StateRef[] {
  const byRung = new Map<string, { seen: number; drawn: StateRef[] }>();
  space.eachState((ref, rung) => {
    const boot = boots[whole.decidedBy(ref) ?? -1];
    if (boot?.ref === undefined || sameRef(boot.ref, ref)) return;
    const pool = byRung.get(rung) ?? { seen: 0, drawn: [] };
    byRung.set(rung, pool);
    // Reservoir sampling: every state of the rung is equally likely.
    const place = pool.seen < count ? pool.seen : random.int(pool.seen + 1);
    pool.seen += 1;
    if (place < count) pool.drawn[place] = ref;
  });
  const pools = [...byRung.values()].map(({ drawn }) => drawn);
  return Array.from({ length: count }, (_, turn) => pools.flatMap((pool) => pool[turn] ?? []))
    .flat()
    .slice(0, count);
}

function sameRef(a: StateRef, b: StateRef): boolean {
  if ('subset' in a) return 'subset' in b && a.subset === b.subset;
  return 'axis' in b && a.axis === b.axis && a.position === b.position;
}
