import { HarnessError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Ended } from '../model/record.ts';
import type { BootVerdict, ExploredBoot } from './boot.ts';
import type { Coverage } from './coverage.ts';
import type { Contradiction } from './determinism.ts';
import type { Space } from './space.ts';
import type { StateRef } from './states.ts';

/** How far an exploration was audited. */
export interface Auditing {
  /** States that were to be booted after all, the first one twice among them; 0 where nobody asked for audits. */
  asked: number;
  made: number;
  /** No more states than these were decided by a boot of another one. */
  all: boolean;
  /** Boots of decided states with other random numbers. */
  reseeded: number;
  ended: Ended;
}

/** Up to `count` states that a boot of another one decided, of those that are none of `except`; the classes of states take turns. */
export function drawPruned(
  { space, whole, boots }: { space: Space; whole: Coverage; boots: readonly ExploredBoot<unknown>[] },
  random: Random,
  count: number,
  except: readonly StateRef[] = [],
): StateRef[] {
  const byClass = new Map<string, { seen: number; drawn: StateRef[] }>();
  space.eachState((ref, stateClass) => {
    const boot = boots[whole.decidedBy(ref) ?? -1];
    if (boot?.ref === undefined || sameRef(boot.ref, ref)) return;
    if (except.some((one) => sameRef(one, ref))) return;
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

/** Whether both name one state. */
export function sameRef(a: StateRef, b: StateRef): boolean {
  if ('subset' in a) return 'subset' in b && a.subset === b.subset;
  return 'axis' in b && a.axis === b.axis && a.position === b.position;
}

/** Whether both came to the same end. */
export function isSameEnd(one: Omit<BootVerdict, 'read'>, other: Omit<BootVerdict, 'read'>): boolean {
  return one.verdict === other.verdict && one.outcome === other.outcome;
}

/** What is known of a boot besides its end: of one that another worker made, on which host. */
export interface BootOnHost {
  id: string;
  host?: string;
}

/** What ends a run in which two boots contradict each other. `ends`: what further boots of the later one's state came to. */
export function contradictionError<R extends BootOnHost>(
  { stage, boot, earlier }: Contradiction<R>,
  ends: readonly string[],
  logPath: string,
): HarnessError {
  const others = [boot, earlier].some(({ record }) => record.host !== undefined);
  const named = ({ id, host = 'this host' }: BootOnHost) => (others ? `${id} on ${host}` : id);
  const what = stage === 'retry' ? ', once the upgrade was done again,' : '';
  const here = boot[stage]?.outcome ?? '';
  return new HarnessError(
    'audit-mismatch',
    `two boots differ in nothing that one of them read, and ended otherwise: ${named(boot.record)} came${what} to "${here}", ` +
      `${named(earlier.record)} to "${earlier[stage]?.outcome ?? ''}"; ${againText(ends, here)}. So what was decided without a boot cannot be trusted`,
    {
      logPath,
      hint: `something that a boot depends on is not on its disks: look for randomness or time in the image${
        others ? ', and for what differs between the hosts' : ''
      }`,
    },
  );
}

function againText(ends: readonly string[], before: string): string {
  const times = ends.length === 1 ? 'once more' : `${ends.length} times more`;
  if (ends.every((end) => end === before)) return `it came to the same ${times}`;
  const [first = '', ...rest] = new Set(ends);
  const more = rest.length === 0 ? '' : ` and to ${rest.length} other ${rest.length === 1 ? 'end' : 'ends'}`;
  return `booted ${times} it came to "${first}"${more}, with nothing changed: it hangs on chance or on time`;
}
