import { ext4Owners } from './ext4/map.ts';
import { fatOwners } from './fat/map.ts';
import { unlessMalformed } from './malformed.ts';
import type { Owners } from './owners.ts';
import { partitionTable } from './partitions/gpt.ts';
import type { Partition, TableArea } from './partitions/partition.ts';
import { wholeDisk } from './partitions/volumes.ts';
import { type Content, type Place, placeText } from './place.ts';
import { volumeHeaderBytes, volumeLayout } from './uefi/volume.ts';
import { type DiskView, partView } from './view.ts';

interface Contents {
  filesystem: Place['filesystem'];
  /** What there is where no owner is known. */
  rest: 'raw' | 'variables';
  /** Undefined where there is no file system that is understood. */
  owners: Owners | undefined;
}

/**
 * Names what lies where on a disk, for those who want to know why a device broke. Each file system is walked once, when
 * first asked about; one with a journal is walked as recovery would leave it. A disk without partitions counts as one.
 */
export class DiskMap {
  private readonly view: DiskView;
  private readonly partitions: readonly Partition[];
  private readonly contents = new Map<Partition, Contents>();
  /** In the order of the disk. */
  private readonly table: readonly TableArea[];

  constructor(view: DiskView) {
    this.view = view;
    const { partitions, areas } = partitionTable(view);
    this.table = areas.sort((a, b) => a.offset - b.offset);
    const volumes = partitions.length > 0 ? partitions : [wholeDisk(view)];
    this.partitions = volumes.sort((a, b) => a.offset - b.offset);
  }

  /** The places that a range of bytes covers, in order; what is beyond the disk's end is left out. */
  describe(offset: number, length: number): Place[] {
    const end = Math.min(offset + length, this.view.bytes);
    const places: Place[] = [];
    let at = Math.max(0, offset);
    for (const partition of this.partitions) {
      const stop = Math.min(end, partition.offset + partition.bytes);
      if (stop <= at) continue;
      if (partition.offset > at) places.push(...this.between(at, Math.min(end, partition.offset)));
      at = Math.max(at, partition.offset);
      if (at < stop) places.push(...this.inside(partition, at, stop));
      at = Math.max(at, stop);
      if (at >= end) break;
    }
    if (at < end) places.push(...this.between(at, end));
    return places;
  }

  private inside(partition: Partition, from: number, to: number): Place[] {
    const { filesystem, owners, rest: kind } = this.contentsOf(partition);
    const named = partition.name === '' ? `partition ${partition.index}` : partition.name;
    const name = kind === 'variables' ? "UEFI's flash" : named;
    const start = from - partition.offset;
    const stretches = owners?.describe(start, to - from) ?? [];
    const last = stretches.at(-1);
    const covered = last === undefined ? start : last.offset + last.bytes;
    const rest = to - partition.offset - covered;
    const content: Content = { kind, offset: covered, bytes: rest };
    return [...stretches, ...(rest > 0 ? [{ offset: covered, bytes: rest, content }] : [])].map(
      (stretch) => ({
        ...stretch,
        offset: partition.offset + stretch.offset,
        partition: name,
        filesystem,
        text: placeText(name, stretch.content),
      }),
    );
  }

  private contentsOf(partition: Partition): Contents {
    let contents = this.contents.get(partition);
    if (contents === undefined) {
      const view = partView(this.view, partition.offset, partition.bytes);
      contents = unlessMalformed(
        (): Contents => ({ filesystem: 'ext4', rest: 'raw', owners: ext4Owners(view) }),
        () =>
          unlessMalformed(
            (): Contents => ({ rest: 'raw', ...fatOwners(view) }),
            () => ({ filesystem: undefined, rest: isFlash(view) ? 'variables' : 'raw', owners: undefined }),
          ),
      );
      this.contents.set(partition, contents);
    }
    return contents;
  }

  /** Outside of all partitions: the table, or nothing. */
  private between(from: number, to: number): Place[] {
    const places: Place[] = [];
    let at = from;
    const upTo = (end: number, content: Content) => {
      if (end <= at) return;
      const text = placeText(undefined, content);
      places.push({
        ...{ offset: at, bytes: end - at, content, text },
        ...{ partition: undefined, filesystem: undefined },
      });
      at = end;
    };
    for (const { format, offset, bytes } of this.table) {
      upTo(Math.min(to, offset), { kind: 'outside' });
      upTo(Math.min(to, offset + bytes), { kind: 'partition-table', format });
    }
    upTo(to, { kind: 'outside' });
    return places;
  }
}

/** Flash in which UEFI's firmware keeps its variables begins with the header of their volume. */
function isFlash(view: DiskView): boolean {
  return volumeLayout(view.read(0, Math.min(view.bytes, volumeHeaderBytes)), view.bytes) !== undefined;
}

const maps = new WeakMap<DiskView, DiskMap>();

/** As `DiskMap.describe`; the map is kept for as long as the view is, which must not change. */
export function describePlace(view: DiskView, offset: number, length: number): Place[] {
  let map = maps.get(view);
  if (map === undefined) {
    map = new DiskMap(view);
    maps.set(view, map);
  }
  return map.describe(offset, length);
}
