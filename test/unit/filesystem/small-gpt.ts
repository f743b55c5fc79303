import { crc32 } from 'node:zlib';

const sectorBytes = 512;
const entryBytes = 128;

interface TestPartition {
  name: string;
  content: Buffer;
}

/** A disk with a GUID partition table, its backup, and these partitions from sector 64 on. */
export function smallGpt(partitions: readonly TestPartition[]): Buffer {
  const used = partitions.reduce((sum, { content }) => sum + content.length, 0);
  const disk = Buffer.alloc(64 * sectorBytes + used + 64 * sectorBytes);
  const entries = Buffer.alloc(128 * entryBytes);
  let next = 64;
  for (const [i, { name, content }] of partitions.entries()) {
    const entry = entries.subarray(i * entryBytes, (i + 1) * entryBytes);
    Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex').copy(entry);
    entry.writeBigUInt64LE(BigInt(next), 32);
    entry.writeBigUInt64LE(BigInt(next + content.length / sectorBytes - 1), 40);
    entry.write(name, 56, 'utf16le');
    content.copy(disk, next * sectorBytes);
    next += content.length / sectorBytes;
  }
  const last = disk.length / sectorBytes - 1;
  entries.copy(disk, 2 * sectorBytes);
  entries.copy(disk, (last - 32) * sectorBytes);
  writeHeader(disk, 1, 2, entries);
  writeHeader(disk, last, last - 32, entries);
  return disk;
}

function writeHeader(disk: Buffer, sector: number, table: number, entries: Buffer): void {
  const header = disk.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
  header.write('EFI PART');
  header.writeUInt32LE(0x10000, 8);
  header.writeUInt32LE(92, 12);
  header.writeBigUInt64LE(BigInt(sector), 24);
  header.writeBigUInt64LE(BigInt(table), 72);
  header.writeUInt32LE(128, 80);
  header.writeUInt32LE(entryBytes, 84);
  header.writeUInt32LE(crc32(entries), 88);
  header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
}
