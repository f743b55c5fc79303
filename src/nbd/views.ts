import type { DiskView } from '../filesystem/view.ts';
import { sectorBytes } from '../writelog/log.ts';
import { fromBase, type SectorMap, zeroed } from '../writelog/sector-map.ts';
import type { Arena } from './arena.ts';
import type { FileDisk } from './file-disk.ts';
import { sectorRuns } from './mapped-read.ts';

/** An image file, to be read at once. */
export function fileView(file: FileDisk): DiskView {
  return { bytes: file.bytes, read: (offset, length) => file.readNow(offset, length) };
}

/** A disk in a state that a map over an arena describes, to be read at once. */
export function mappedView(next: DiskView, map: SectorMap, arena: Arena): DiskView {
  return {
    bytes: next.bytes,
    read(offset, length) {
      const data = Buffer.allocUnsafe(length);
      const last = Math.ceil((offset + length) / sectorBytes);
      for (const { first, end, source } of sectorRuns(map, Math.floor(offset / sectorBytes), last)) {
        const from = Math.max(offset, first * sectorBytes);
        const to = Math.min(offset + length, end * sectorBytes);
        const part = data.subarray(from - offset, to - offset);
        if (source === zeroed) part.fill(0);
        else if (source === fromBase) next.read(from, to - from).copy(part);
        else arena.readInto(part, source * sectorBytes + from - first * sectorBytes);
      }
      return data;
    },
  };
}
