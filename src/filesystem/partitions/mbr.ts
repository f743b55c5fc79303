import { type DiskView, readInside } from '../view.ts';
import type { Partition, PartitionTable, TableArea } from './partition.ts';

const sectorBytes = 512;
const tableOffset = 446;
const entryBytes = 16;
const protective = 0xee;
/** Boxes for logical partitions: DOS's, Windows' with LBA, and Linux'. */
const extendedTypes: readonly number[] = [0x05, 0x0f, 0x85];
const firstLogical = 5;
/** Linux takes no more partitions of one disk (DISK_MAX_PARTS of include/linux/genhd.h). */
const mostPartitions = 256;
/** Links of a chain without a partition in them, after which Linux gives up. */
const mostEmptyLinks = 100;

/** One of the four entries of a boot record; in sectors, the start counted from where the entry's type says. */
interface Entry {
  status: number;
  type: number;
  start: number;
  sectors: number;
}

/**
 * The partitions of a PC's master boot record (UEFI specification 2.10, section 5.2.1), the logical ones in the extended
 * one too, with Linux' numbers (block/partitions/msdos.c): 1 to 4 are the entries of the record, 5 and up follow the chain
 * of extended boot records. A chain that comes back to itself ends there. The extended partition is no partition of its
 * own, as no file system lies in it; its boot records are part of the table.
 */
export function mbrTable(view: DiskView): PartitionTable {
  const none: PartitionTable = { partitions: [], areas: [], unreadable: [], outside: [] };
  const entries = entriesAt(view, 0);
  // A boot sector of a file system ends in the same signature: its "table" has states that no table has.
  if (entries === undefined || entries.some(({ status }) => (status & 0x7f) !== 0)) return none;
  // Whose GUID partition table is damaged, Linux reads nothing of.
  if (entries.some(({ type }) => type === protective)) return { ...none, unreadable: ['primary', 'backup'] };
  const primary = entries.flatMap((entry, i) =>
    entry.type === 0 || isExtended(entry) ? [] : [partition(i + 1, entry.type, entry.start, entry.sectors)],
  );
  const chain = new LogicalPartitions(view);
  for (const entry of entries) if (isExtended(entry)) chain.follow(entry.start, entry.sectors);
  const areas: TableArea[] = [{ format: 'MBR', offset: 0, bytes: sectorBytes }, ...chain.areas];
  const all = [...primary, ...chain.found].filter(({ offset, bytes }) => offset >= sectorBytes && bytes > 0);
  const isInside = ({ offset, bytes }: Partition) => offset + bytes <= view.bytes;
  return {
    partitions: all.filter(isInside),
    areas,
    unreadable: [],
    outside: all.filter((partition) => !isInside(partition)),
  };
}

/** A stretch of a disk, in sectors. */
interface Box {
  start: number;
  sectors: number;
}

/** Follows chains of extended boot records, as parse_extended() of block/partitions/msdos.c does. */
class LogicalPartitions {
  readonly found: Partition[] = [];
  readonly areas: TableArea[] = [];
  private readonly view: DiskView;
  private readonly seen = new Set([0]);

  constructor(view: DiskView) {
    this.view = view;
  }

  /** `first` and `sectors` are the extended partition's. */
  follow(first: number, sectors: number): void {
    let box: Box | undefined = { start: first, sectors };
    for (let empty = 0; box !== undefined && empty < mostEmptyLinks && !this.isFull; empty += 1) {
      if (this.seen.has(box.start)) return;
      this.seen.add(box.start);
      const entries = entriesAt(this.view, box.start);
      if (entries === undefined) return;
      this.areas.push({ format: 'EBR', offset: box.start * sectorBytes, bytes: sectorBytes });
      const before = this.found.length;
      this.take(entries, box, { start: first, sectors });
      if (this.found.length > before) empty = 0;
      const link = entries.find(isExtended);
      box = link && { start: first + link.start, sectors: link.sectors };
    }
  }

  /** The partitions that one boot record names, from its own place on. */
  private take(entries: readonly Entry[], box: Box, extended: Box): void {
    for (const [i, entry] of entries.entries()) {
      if (entry.sectors === 0 || isExtended(entry) || this.isFull) continue;
      const start = box.start + entry.start;
      const end = start + entry.sectors;
      const fits =
        entry.start + entry.sectors <= box.sectors &&
        start >= extended.start &&
        end <= extended.start + extended.sectors;
      // The third and fourth entries may hold whatever was there before.
      if (i >= 2 && !fits) continue;
      this.found.push(partition(firstLogical + this.found.length, entry.type, start, entry.sectors));
    }
  }

  private get isFull(): boolean {
    return firstLogical + this.found.length >= mostPartitions;
  }
}

/** The entries of the boot record in a sector; undefined where there is none. */
function entriesAt(view: DiskView, sector: number): Entry[] | undefined {
  if ((sector + 1) * sectorBytes > view.bytes) return undefined;
  const record = readInside(view, sector * sectorBytes, sectorBytes);
  if (record.readUInt16LE(510) !== 0xaa55) return undefined;
  return [0, 1, 2, 3].map((i) => {
    const entry = record.subarray(tableOffset + i * entryBytes, tableOffset + (i + 1) * entryBytes);
    return {
      status: entry.readUInt8(0),
      type: entry.readUInt8(4),
      start: entry.readUInt32LE(8),
      sectors: entry.readUInt32LE(12),
    };
  });
}

function isExtended({ type, sectors }: Entry): boolean {
  return sectors > 0 && extendedTypes.includes(type);
}

function partition(index: number, type: number, start: number, sectors: number): Partition {
  const typeGuid = `MBR-${type.toString(16).padStart(2, '0').toUpperCase()}`;
  return { index, name: '', typeGuid, offset: start * sectorBytes, bytes: sectors * sectorBytes };
}
