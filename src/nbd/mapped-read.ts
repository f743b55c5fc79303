import { sectorBytes } from '../writelog/log.ts';
import { fromBase, type SectorMap, zeroed } from '../writelog/sector-map.ts';
import type { Arena } from './arena.ts';
import type { Disk } from './disk.ts';

/** Neighbouring sectors with one source: the base, zeros, or consecutive arena positions from `source` on. */
export interface SectorRun {
  first: number;
  end: number;
  source: number;
}

/** Splits the sectors [first, end) into the longest runs that one read can serve. */
export function sectorRuns(map: SectorMap, first: number, end: number): SectorRun[] {
  const runs: SectorRun[] = [];
  for (let at = first; at < end; ) {
    const source = map[at] ?? fromBase;
    const step = source >= 0 ? 1 : 0;
    let stop = at + 1;
    while (stop < end && map[stop] === source + step * (stop - at)) stop += 1;
    runs.push({ first: at, end: stop, source });
    at = stop;
  }
  return runs;
}

/** Where a mapped disk's sectors are to be found. */
export interface MappedSource {
  next: Disk;
  map: SectorMap;
  arena: Arena;
}

/** Reads bytes of a mapped disk as they are at the moment of the call: later changes of the map do not show. */
export async function readMapped(
  { next, map, arena }: MappedSource,
  offset: number,
  length: number,
): Promise<Buffer> {
  const runs = sectorRuns(map, Math.floor(offset / sectorBytes), Math.ceil((offset + length) / sectorBytes));
  if (runs.length === 1 && runs[0]?.source === fromBase) return next.read(offset, length);
  const data = Buffer.allocUnsafe(length);
  for (const { first, end, source } of runs) {
    const from = Math.max(offset, first * sectorBytes);
    const to = Math.min(offset + length, end * sectorBytes);
    const part = data.subarray(from - offset, to - offset);
    if (source === zeroed) part.fill(0);
    else if (source === fromBase) (await next.read(from, to - from)).copy(part);
    else arena.readInto(part, source * sectorBytes + from - first * sectorBytes);
  }
  return data;
}
