import { HarnessError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { ExploredBoot } from './boot.ts';
import type { Coverage } from './coverage.ts';
import type { Space } from './space.ts';
import type { StateRef } from './states.ts';

/** A state that was decided without a boot, booted after all; or the first one, booted again. */
export interface Audit<R> {
  ref: StateRef;
  boot: ExploredBoot<R>;
  /** The boot that had decided it. */
  decidedBy: ExploredBoot<R>;
  agrees: boolean;
}

/** Up to `count` states that a boot of another one decided; the classes of states take turns. */
export function drawPruned(
  { space, whole, boots }: { space: Space; whole: Coverage; boots: readonly ExploredBoot<unknown>[] },
  random: Random,
  count: number,
): StateRef[] {
  const byClass = new Map<string, { seen: number; drawn: StateRef[] }>();
  space.eachState((ref, stateClass) => {
    const boot = boots[whole.decidedBy(ref) ?? -1];
    if (boot?.ref === undefined || sameRef(boot.ref, ref)) return;
    const pool = byClass.get(stateClass) ?? { seen: 0, drawn: [] };
    byClass.set(stateClass, pool);
    // Reservoir sampling: every state of the class is equally likely.
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

/**
 * Throws HarnessError `audit-mismatch` where an audit did not agree. `save` is called for each of these, with its number
 * from 1; it writes down what is needed to look into it, and returns the path.
 */
export async function assertAudits<R extends { id: string }>(
  audits: readonly Audit<R>[],
  save: (audit: Audit<R>, number: number) => Promise<string>,
): Promise<void> {
  const wrong = audits.filter(({ agrees }) => !agrees);
  const [first] = wrong;
  if (first === undefined) return;
  const paths = await Promise.all(wrong.map((audit, i) => save(audit, i + 1)));
  throw new HarnessError(
    'audit-mismatch',
    `${wrong.length} of ${audits.length} audited states did not come to the verdict that another boot had given them, ` +
      `so what was decided without a boot cannot be trusted: ${first.boot.record.id} came to "${first.boot.whole.outcome}", ` +
      `${first.decidedBy.record.id} to "${first.decidedBy.whole.outcome}"`,
    {
      ...(paths[0] === undefined ? {} : { logPath: paths[0] }),
      hint: 'something that a boot depends on is not on its disks: look for randomness or time in the image',
    },
  );
}
