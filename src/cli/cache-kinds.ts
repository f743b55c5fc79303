import { Argument } from '@commander-js/extra-typings';
import { type CacheEntry, cacheKinds } from '../cache/contents.ts';
import { totalBytes } from '../cache/disk-use.ts';
import { bytesText, oneLine } from '../report/text.ts';

/** The operand of all commands about the cache. */
export function kindsOperand(what: string) {
  return new Argument('[kind...]', what).choices(cacheKinds);
}

/** `3 images, 40 steps`, each kind that there is. */
export function countText(entries: readonly CacheEntry[]): string {
  const counts = [...cacheKinds].reverse().flatMap((kind) => {
    const count = entries.filter((entry) => entry.kind === kind).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? kind.replace(/s$/, '') : kind}`];
  });
  return counts.length === 0 ? 'nothing' : counts.join(', ');
}

/** What an entry is, as JSON has it. */
export function entryJson({ kind, name, about, paths, used, use, heldBy }: CacheEntry): object {
  return {
    kind,
    name,
    ...(about === undefined ? {} : { about }),
    path: paths[0],
    bytes: totalBytes([use]),
    used: used.toISOString(),
    inUse: heldBy.length > 0,
  };
}

/** `images  rauc-ab/qemuarm64/557ca1914945e033  1.3 GiB  used 3 d ago`. */
export function entryText(entry: CacheEntry, now: Date): string {
  const { kind, name, about, use, used, heldBy } = entry;
  const inUse = heldBy.length > 0 ? '  in use' : '';
  const more = about === undefined ? '' : `  ${oneLine(about)}`;
  return `${kind.padEnd(10)}  ${name.padEnd(40)}  ${bytesText(totalBytes([use])).padStart(9)}  used ${agoText(used, now)}${inUse}${more}`;
}

/** `12 min ago`, `3 d ago`. */
export function agoText(used: Date, now: Date): string {
  const minutes = Math.max(0, now.getTime() - used.getTime()) / 60_000;
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${Math.floor(minutes)} min ago`;
  if (minutes < 2 * 1440) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 1440)} d ago`;
}
