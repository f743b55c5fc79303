import { crc32c } from '../../core/crc32c.ts';
import { Malformed } from '../malformed.ts';
import { type DiskView, readInside } from '../view.ts';
import { readGroup } from './group.ts';
import type { Superblock } from './superblock.ts';

export const rootInode = 2;

const flags = { indexed: 0x1000, extents: 0x80000, inline: 0x10000000 } as const;
const formatMask = 0xf000;

/** What an inode says of its file. */
export interface Inode {
  number: number;
  kind: 'file' | 'directory' | 'link' | 'other' | 'none';
  /** Permission bits, with set-user-ID and its like. */
  mode: number;
  uid: number;
  gid: number;
  links: number;
  bytes: number;
  usesExtents: boolean;
  inline: boolean;
  /** `i_block`: the block map, the root of the extent tree, or inline data. */
  map: Buffer;
  /** Block of extended attributes; 0: none. */
  attributes: number;
  /** Start of the checksums of what belongs to this inode. */
  checksumSeed: number;
}

/** A link that is no longer than this is in its inode (Documentation/filesystems/ext4/ifork.rst). */
const inInodeBytes = 59;

/** Where a link leads, if its inode has it; undefined of a longer one, and of what is no link. */
export function linkInInode({ kind, bytes, map }: Inode): string | undefined {
  return kind === 'link' && bytes <= inInodeBytes ? map.toString('utf8', 0, bytes) : undefined;
}

/** Byte offset of an inode (counted from 1) in the file system. Throws Malformed if there is none such. */
function inodeOffset(view: DiskView, sb: Superblock, number: number): number {
  if (number < 1 || number > sb.inodes) throw new Malformed(`there is no inode ${number}`);
  const group = readGroup(view, sb, Math.floor((number - 1) / sb.inodesPerGroup));
  return group.inodeTable * sb.blockBytes + ((number - 1) % sb.inodesPerGroup) * sb.inodeBytes;
}

/** Reads one inode; throws Malformed if it is outside or its checksum is wrong. */
export function readInode(view: DiskView, sb: Superblock, number: number): Inode {
  const bytes = readInside(view, inodeOffset(view, sb, number), sb.inodeBytes);
  if (sb.metadataChecksum && !checksumHolds(bytes, sb, number))
    throw new Malformed(`inode ${number} has a wrong checksum`);
  return parseInode(bytes, sb, number);
}

/** The inode in these bytes (Documentation/filesystems/ext4/inodes.rst), whatever its checksum. */
export function parseInode(bytes: Buffer, sb: Superblock, number: number): Inode {
  const bits = bytes.readUInt32LE(0x20);
  return {
    number,
    kind: kindOf(bytes.readUInt16LE(0x0)),
    mode: bytes.readUInt16LE(0x0) & ~formatMask,
    uid: bytes.readUInt16LE(0x2) + bytes.readUInt16LE(0x78) * 2 ** 16,
    gid: bytes.readUInt16LE(0x18) + bytes.readUInt16LE(0x7a) * 2 ** 16,
    links: bytes.readUInt16LE(0x1a),
    bytes: bytes.readUInt32LE(0x4) + bytes.readUInt32LE(0x6c) * 2 ** 32,
    usesExtents: (bits & flags.extents) !== 0,
    inline: (bits & flags.inline) !== 0,
    map: bytes.subarray(0x28, 0x64),
    attributes: bytes.readUInt32LE(0x68) + bytes.readUInt16LE(0x76) * 2 ** 32,
    checksumSeed: seedOf(bytes, sb, number),
  };
}

function kindOf(mode: number): Inode['kind'] {
  switch (mode & formatMask) {
    case 0x8000:
      return 'file';
    case 0x4000:
      return 'directory';
    case 0xa000:
      return 'link';
    default:
      return mode === 0 ? 'none' : 'other';
  }
}

function seedOf(bytes: Buffer, sb: Superblock, number: number): number {
  const id = Buffer.alloc(8);
  id.writeUInt32LE(number, 0);
  bytes.copy(id, 4, 0x64, 0x68);
  return crc32c(sb.checksumSeed, id);
}

/** ext4_inode_csum() of fs/ext4/inode.c: over the whole inode with the checksum's own fields as zeros. */
function checksumHolds(bytes: Buffer, sb: Superblock, number: number): boolean {
  const copy = Buffer.from(bytes);
  const wide = bytes.length > 128 && bytes.readUInt16LE(0x80) >= 4;
  copy.writeUInt16LE(0, 0x7c);
  if (wide) copy.writeUInt16LE(0, 0x82);
  const sum = crc32c(seedOf(bytes, sb, number), copy);
  const stored = bytes.readUInt16LE(0x7c) + (wide ? bytes.readUInt16LE(0x82) * 2 ** 16 : 0);
  return stored === (wide ? sum : sum & 0xffff);
}
