import { crc32 } from 'node:zlib';
import { guidText } from '../guid.ts';
import { type DiskView, readInside } from '../view.ts';
import { mbrTable } from './mbr.ts';
import type { Partition, PartitionTable, TableArea } from './partition.ts';

const sectorBytes = 512;
const mostEntries = 1024;

/** Sectors of the protective MBR, the header and 128 entries; at the end of the disk there is no MBR. */
const sectorsOf = { primary: 34, backup: 33 } as const;

/**
 * The partition table of a disk with 512-byte sectors. UEFI specification 2.10, section 5.3: the primary table if both its
 * CRC32s hold, or else the backup in the last sector, or else a plain MBR's; an empty one where there is no valid table.
 */
export function partitionTable(view: DiskView): PartitionTable {
  const last = Math.floor(view.bytes / sectorBytes) - 1;
  const [primary, backup] = [tableAt(view, 1), tableAt(view, last)];
  const table = primary ?? backup;
  if (table === undefined) return mbrTable(view);
  const isInside = ({ offset, bytes }: Partition) => offset + bytes <= view.bytes;
  return {
    partitions: table.filter(isInside),
    areas: areas(view),
    unreadable: [
      ...(primary === undefined ? (['primary'] as const) : []),
      ...(backup === undefined ? (['backup'] as const) : []),
    ],
    outside: table.filter((partition) => !isInside(partition)),
  };
}

function areas(view: DiskView): TableArea[] {
  const backup = sectorsOf.backup * sectorBytes;
  return [
    { format: 'GPT', offset: 0, bytes: sectorsOf.primary * sectorBytes },
    { format: 'GPT', offset: view.bytes - backup, bytes: backup },
  ];
}

function tableAt(view: DiskView, sector: number): Partition[] | undefined {
  if (sector < 1 || (sector + 1) * sectorBytes > view.bytes) return undefined;
  const header = Buffer.from(readInside(view, sector * sectorBytes, sectorBytes));
  const headerBytes = header.readUInt32LE(12);
  if (header.toString('latin1', 0, 8) !== 'EFI PART' || headerBytes < 92 || headerBytes > sectorBytes)
    return undefined;
  const headerCrc = header.readUInt32LE(16);
  header.writeUInt32LE(0, 16);
  if (crc32(header.subarray(0, headerBytes)) !== headerCrc) return undefined;
  if (Number(header.readBigUInt64LE(24)) !== sector) return undefined;
  const entries = { count: header.readUInt32LE(80), bytes: header.readUInt32LE(84) };
  const start = Number(header.readBigUInt64LE(72)) * sectorBytes;
  if (entries.count > mostEntries || entries.bytes < 128 || entries.bytes > 4096) return undefined;
  if (start + entries.count * entries.bytes > view.bytes) return undefined;
  const table = readInside(view, start, entries.count * entries.bytes);
  if (crc32(table) !== header.readUInt32LE(88)) return undefined;
  return Array.from({ length: entries.count }, (_, i) =>
    entry(table.subarray(i * entries.bytes, (i + 1) * entries.bytes), i + 1),
  ).filter((partition) => partition !== undefined);
}

function entry(bytes: Buffer, index: number): Partition | undefined {
  const typeGuid = guidText(bytes);
  const first = Number(bytes.readBigUInt64LE(32));
  const last = Number(bytes.readBigUInt64LE(40));
  if (/^[0-]*$/.test(typeGuid) || last < first) return undefined;
  const name = bytes.toString('utf16le', 56, 128).replace(/\0.*$/s, '');
  return { index, name, typeGuid, offset: first * sectorBytes, bytes: (last - first + 1) * sectorBytes };
}
