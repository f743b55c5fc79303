import { type DiskView, readInside } from '../view.ts';
import type { Partition } from './partition.ts';

const sectorBytes = 512;
const tableOffset = 446;
const entryBytes = 16;
const protective = 0xee;

/** The four primary partitions of a PC's master boot record (UEFI specification 2.10, section 5.2.1). */
export function mbrPartitions(view: DiskView): Partition[] {
  if (view.bytes < sectorBytes) return [];
  const sector = readInside(view, 0, sectorBytes);
  if (sector.readUInt16LE(510) !== 0xaa55) return [];
  const partitions = [0, 1, 2, 3].map((i) => {
    const entry = sector.subarray(tableOffset + i * entryBytes, tableOffset + (i + 1) * entryBytes);
    const type = entry.readUInt8(4);
    return {
      status: entry.readUInt8(0),
      index: i + 1,
      name: '',
      typeGuid: `MBR-${type.toString(16).padStart(2, '0').toUpperCase()}`,
      type,
      offset: entry.readUInt32LE(8) * sectorBytes,
      bytes: entry.readUInt32LE(12) * sectorBytes,
    };
  });
  // A boot sector of a file system ends in the same signature: its "table" has states that no table has.
  if (partitions.some(({ status }) => (status & 0x7f) !== 0)) return [];
  return partitions
    .filter(({ type, offset, bytes }) => type !== 0 && type !== protective && inside(view, offset, bytes))
    .map(({ index, name, typeGuid, offset, bytes }) => ({ index, name, typeGuid, offset, bytes }));
}

function inside(view: DiskView, offset: number, bytes: number): boolean {
  return offset >= sectorBytes && bytes > 0 && offset + bytes <= view.bytes;
}
