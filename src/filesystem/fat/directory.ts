import { directoryEntryBytes } from './volume.ts';

/** A file or directory in a FAT directory. */
export interface FatEntry {
  name: string;
  directory: boolean;
  firstCluster: number;
  /** Of a file; 0 of a directory. */
  bytes: number;
}

const attribute = { volume: 0x08, directory: 0x10, longName: 0x0f, mask: 0x3f } as const;
const deleted = 0xe5;
/** Offsets of the 13 UTF-16 characters in an entry of a long name. */
const longNameOffsets = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30] as const;
const mostParts = 20;

/**
 * The entries of a directory's bytes but `.`, `..` and the volume's label, with long names where they have one
 * (Microsoft FAT32 File System Specification 1.03, "Directory Structure" and "Long Directory Entries").
 */
export function fatEntries(bytes: Buffer, fat32: boolean): FatEntry[] {
  const found: FatEntry[] = [];
  let long = new Map<number, string>();
  let sum = -1;
  for (let at = 0; at + directoryEntryBytes <= bytes.length; at += directoryEntryBytes) {
    const entry = bytes.subarray(at, at + directoryEntryBytes);
    const first = entry.readUInt8(0);
    const bits = entry.readUInt8(11) & attribute.mask;
    if (first === 0) break;
    if (first !== deleted && bits === attribute.longName) {
      if ((first & 0x40) !== 0) long = new Map();
      sum = entry.readUInt8(13);
      if ((first & 0x3f) <= mostParts) long.set(first & 0x3f, longPart(entry));
      continue;
    }
    if (first !== deleted && (bits & attribute.volume) === 0) {
      const name = long.size > 0 && sum === shortNameSum(entry) ? joined(long) : shortName(entry);
      const high = fat32 ? entry.readUInt16LE(20) * 65536 : 0;
      const firstCluster = high + entry.readUInt16LE(26);
      if (name !== '.' && name !== '..')
        found.push({
          name,
          directory: (bits & attribute.directory) !== 0,
          firstCluster,
          bytes: entry.readUInt32LE(28),
        });
    }
    long = new Map();
  }
  return found;
}

function longPart(entry: Buffer): string {
  return String.fromCharCode(...longNameOffsets.map((offset) => entry.readUInt16LE(offset)));
}

function joined(parts: ReadonlyMap<number, string>): string {
  const inOrder = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
  return inOrder.join('').replace(/\0.*$/s, '');
}

/** ChkSum() of the specification: ties a long name to the short one that follows it. */
function shortNameSum(entry: Buffer): number {
  let sum = 0;
  for (const byte of entry.subarray(0, 11)) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff;
  return sum;
}

/** `NAME.EXT`; Linux shows it in lower case, Windows NT's two bits for that are heeded. */
function shortName(entry: Buffer): string {
  const bits = entry.readUInt8(12);
  const part = (start: number, end: number, lower: number) => {
    const text = entry.toString('latin1', start, end).trimEnd();
    return (bits & lower) !== 0 ? text.toLowerCase() : text;
  };
  const [base, extension] = [part(0, 8, 0x08), part(8, 11, 0x10)];
  const name = entry.readUInt8(0) === 0x05 ? `\xe5${base.slice(1)}` : base;
  return extension === '' ? name : `${name}.${extension}`;
}
