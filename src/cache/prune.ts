import { rm } from 'node:fs/promises';
import { cacheUnwritable, removeUnheld } from '../core/holds.ts';
import { type CacheEntry, type CacheKind, cacheKinds } from './contents.ts';
import { Sum } from './disk-use.ts';

/** How much is taken; without any limit, what nobody will ever use again: what killed processes have left. */
export interface PruneLimits {
  /** Everything that is not in use. */
  all?: boolean;
  /** What was last used before. */
  before?: Date | undefined;
  /** Bytes on the disk that may stay: what was used longest ago goes first. */
  keepBytes?: number | undefined;
}

/**
 * Which of these entries are to go, in the order in which they do: those that were used longest ago first. Nothing that a
 * living process needs is among them; so more than `keepBytes` may be left.
 */
export function chooseEntries(
  entries: readonly CacheEntry[],
  { all = false, before, keepBytes }: PruneLimits,
): CacheEntry[] {
  const sum = new Sum(entries.map(({ use }) => use));
  const chosen: CacheEntry[] = [];
  for (const entry of [...entries].sort(byUse)) {
    if (entry.heldBy.length > 0) continue;
    const isLeft = entry.kind === 'unfinished' || all;
    const isOld = before !== undefined && entry.used < before;
    const isTooMuch = keepBytes !== undefined && sum.bytes > keepBytes;
    if (!isLeft && !isOld && !isTooMuch) continue;
    chosen.push(entry);
    sum.take(entry.use);
  }
  return chosen;
}

/** What killed processes have left first, then by age; at one age, what is most easily made again. */
function byUse(one: CacheEntry, other: CacheEntry): number {
  const [a, b] = [rank(one), rank(other)];
  if ((a === 0) !== (b === 0)) return a - b;
  return one.used.getTime() - other.used.getTime() || a - b || (one.name < other.name ? -1 : 1);
}

function rank({ kind }: CacheEntry): number {
  return cacheKinds.indexOf(kind);
}

/** What became of the entries that were to go. */
export interface Pruned {
  taken: CacheEntry[];
  /** Somebody has begun to use them meanwhile. */
  spared: CacheEntry[];
  freedBytes: number;
  leftBytes: number;
}

/** Takes the chosen ones of all entries away. Throws HarnessError `cache-unwritable`, and what `signal` says. */
export async function takeAway(
  cache: string,
  entries: readonly CacheEntry[],
  chosen: readonly CacheEntry[],
  signal: AbortSignal,
): Promise<Pruned> {
  const sum = new Sum(entries.map(({ use }) => use));
  const pruned: Pruned = { taken: [], spared: [], freedBytes: 0, leftBytes: 0 };
  for (const entry of chosen) {
    signal.throwIfAborted();
    if (await remove(cache, entry)) {
      pruned.taken.push(entry);
      pruned.freedBytes += sum.take(entry.use);
    } else pruned.spared.push(entry);
  }
  return { ...pruned, leftBytes: sum.bytes };
}

/** Takes one entry away with what belongs to it, unless somebody holds it. Throws HarnessError `cache-unwritable`. */
export async function remove(cache: string, { paths: [path, ...more] }: CacheEntry): Promise<boolean> {
  try {
    if (!(await removeUnheld(cache, path))) return false;
    for (const one of more) await rm(one, { force: true });
    return true;
  } catch (cause) {
    throw cacheUnwritable(cache, cause);
  }
}

/** The entries of some kinds; of all where none is named. */
export function ofKinds(entries: readonly CacheEntry[], kinds: readonly CacheKind[]): CacheEntry[] {
  return kinds.length === 0 ? [...entries] : entries.filter(({ kind }) => kinds.includes(kind));
}
