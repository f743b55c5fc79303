import { Malformed } from '../malformed.ts';
import { type DiskView, readInside } from '../view.ts';
import { compat, incompat, roCompat, type Superblock } from './superblock.ts';

/** Where a block group keeps its metadata: numbers of blocks of the file system. */
export interface Group {
  blockBitmap: number;
  inodeBitmap: number;
  inodeTable: number;
  /** `EXT4_BG_INODE_UNINIT`: the inode table holds none. */
  noInodes: boolean;
}

/** The descriptor of one block group (Documentation/filesystems/ext4/group_descr.rst). Throws Malformed. */
export function readGroup(view: DiskView, sb: Superblock, group: number): Group {
  if (group >= sb.groups) throw new Malformed(`there is no block group ${group}`);
  const perBlock = descriptorsPerBlock(sb);
  const block = descriptorBlock(sb, Math.floor(group / perBlock));
  const at = block * sb.blockBytes + (group % perBlock) * sb.descriptorBytes;
  const bytes = readInside(view, at, sb.descriptorBytes);
  const wide = sb.descriptorBytes >= 64;
  const number = (low: number, high: number) => {
    const value = bytes.readUInt32LE(low) + (wide ? bytes.readUInt32LE(high) * 2 ** 32 : 0);
    if (value >= sb.blocks) throw new Malformed(`block group ${group} points outside`);
    return value;
  };
  return {
    blockBitmap: number(0x0, 0x20),
    inodeBitmap: number(0x4, 0x24),
    inodeTable: number(0x8, 0x28),
    noInodes: (bytes.readUInt16LE(0x12) & 0x1) !== 0,
  };
}

/** The block that holds the `index`-th block of group descriptors; with meta_bg these are spread out. */
function descriptorBlock(sb: Superblock, index: number): number {
  if (isInOneTable(sb, index)) return headBlock(sb, 0) + 1 + index;
  const group = index * descriptorsPerBlock(sb);
  return headBlock(sb, group) + (hasSuperblock(sb, group) ? 1 : 0);
}

/** What a block group begins with. */
export interface GroupHead {
  /** The block of the superblock, or of a copy of it. */
  superblock: number | undefined;
  /** The group descriptors, or some of them: with meta_bg each block of them has its copies in two groups more. */
  descriptors: { first: number; count: number };
}

/** ext2fs_super_and_bgd_loc2() of e2fsprogs, lib/ext2fs/alloc_tables.c and closefs.c. */
export function groupHead(sb: Superblock, group: number): GroupHead {
  const first = headBlock(sb, group);
  const superblock = hasSuperblock(sb, group) ? first : undefined;
  const next = first + (superblock === undefined ? 0 : 1);
  const perBlock = descriptorsPerBlock(sb);
  const index = Math.floor(group / perBlock);
  if (isInOneTable(sb, index))
    return {
      superblock,
      descriptors: { first: next, count: superblock === undefined ? 0 : tableBlocks(sb) },
    };
  const holdsCopy = [0, 1, perBlock - 1].includes(group % perBlock);
  return { superblock, descriptors: { first: next, count: holdsCopy ? 1 : 0 } };
}

/** The first block of a group that may hold anything: 1 KiB are left to a boot loader, whatever the superblock says. */
function headBlock(sb: Superblock, group: number): number {
  const first = sb.firstDataBlock + group * sb.blocksPerGroup;
  // With bigalloc the first data block is 0, for clusters begin there.
  return first === 0 && sb.blockBytes === 1024 ? 1 : first;
}

/** Whether a group starts with a copy of the superblock: with sparse_super, 0, 1 and the powers of 3, 5 and 7. */
function hasSuperblock(sb: Superblock, group: number): boolean {
  if (group === 0) return true;
  if ((sb.features.compat & compat.sparseSuper2) !== 0) return sb.backupGroups.includes(group);
  if ((sb.features.roCompat & roCompat.sparseSuper) === 0 || group === 1) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

/** Whether this block of descriptors stands behind the superblock and its copies, as all do without meta_bg. */
function isInOneTable(sb: Superblock, index: number): boolean {
  return (sb.features.incompat & incompat.metaBlockGroups) === 0 || index < sb.firstMetaGroup;
}

/** Blocks behind a superblock: the descriptors, and with resize_inode what they may grow into. */
function tableBlocks(sb: Superblock): number {
  const all = Math.ceil(sb.groups / descriptorsPerBlock(sb));
  const spread = (sb.features.incompat & incompat.metaBlockGroups) !== 0;
  return spread ? Math.min(all, sb.firstMetaGroup) : all + sb.reservedDescriptorBlocks;
}

function descriptorsPerBlock(sb: Superblock): number {
  return sb.blockBytes / sb.descriptorBytes;
}
