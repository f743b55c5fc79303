import { Malformed } from '../malformed.ts';
import { type DiskView, readInside } from '../view.ts';
import { incompat, roCompat, type Superblock } from './superblock.ts';

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
  const perBlock = sb.blockBytes / sb.descriptorBytes;
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
  const spread = (sb.features.incompat & incompat.metaBlockGroups) !== 0;
  if (!spread || index < sb.firstMetaGroup) return sb.firstDataBlock + 1 + index;
  const group = index * (sb.blockBytes / sb.descriptorBytes);
  return firstBlockOf(sb, group) + (hasSuperblock(sb, group) ? 1 : 0);
}

/** The first block of a block group. */
export function firstBlockOf(sb: Superblock, group: number): number {
  return sb.firstDataBlock + group * sb.blocksPerGroup;
}

/** Whether a group starts with a copy of the superblock: with sparse_super, 0, 1 and the powers of 3, 5 and 7. */
export function hasSuperblock(sb: Superblock, group: number): boolean {
  if ((sb.features.roCompat & roCompat.sparseSuper) === 0 || group <= 1) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

/** How many blocks of descriptors follow the superblock, or a copy of it. */
export function descriptorBlocks(sb: Superblock): number {
  const all = Math.ceil((sb.groups * sb.descriptorBytes) / sb.blockBytes);
  return (sb.features.incompat & incompat.metaBlockGroups) !== 0 ? Math.min(all, sb.firstMetaGroup) : all;
}
