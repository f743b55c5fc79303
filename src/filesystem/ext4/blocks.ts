import { crc32c } from '../../core/crc32c.ts';
import { type Budget, Malformed } from '../malformed.ts';
import { type DiskView, readInside } from '../view.ts';
import type { Inode } from './inode.ts';
import type { Superblock } from './superblock.ts';

/** Consecutive blocks of a file that are consecutive in the file system too. */
interface Run {
  /** The first block, counted within the file. */
  logical: number;
  /** The first block in the file system. */
  block: number;
  count: number;
  /** Reserved but reads as zeros. */
  unwritten: boolean;
}

/** The blocks that belong to an inode. */
export interface FileBlocks {
  runs: Run[];
  /** Blocks of the extent tree or the block map themselves. */
  tree: number[];
}

interface Walk {
  view: DiskView;
  sb: Superblock;
  inode: Inode;
  budget: Budget;
  found: FileBlocks;
  seen: Set<number>;
}

/** Where a file's data is; throws Malformed where the tree is damaged or points outside. */
export function blocksOf(view: DiskView, sb: Superblock, inode: Inode, budget: Budget): FileBlocks {
  const walk: Walk = { view, sb, inode, budget, found: { runs: [], tree: [] }, seen: new Set() };
  if (inode.inline) return walk.found;
  if (inode.usesExtents) extents(walk, inode.map, undefined);
  else blockMap(walk);
  return walk.found;
}

function treeBlock({ view, sb, found, seen, budget }: Walk, block: number): Buffer {
  budget.take();
  if (block >= sb.blocks || seen.has(block)) throw new Malformed(`block ${block} cannot be part of a tree`);
  seen.add(block);
  found.tree.push(block);
  return readInside(view, block * sb.blockBytes, sb.blockBytes);
}

function addRun({ sb, found, budget }: Walk, run: Run): void {
  budget.take();
  if (run.block === 0 || run.block + run.count > sb.blocks)
    throw new Malformed(`blocks from ${run.block} on are outside`);
  const last = found.runs.at(-1);
  const follows =
    last?.logical !== undefined &&
    last.logical + last.count === run.logical &&
    last.block + last.count === run.block &&
    last.unwritten === run.unwritten;
  if (follows) last.count += run.count;
  else found.runs.push(run);
}

const extentBytes = 12;
const deepest = 5;

/** A node of an extent tree (Documentation/filesystems/ext4/ifork.rst). */
function extents(walk: Walk, node: Buffer, expectedDepth: number | undefined): void {
  const [entries, most, depth] = [node.readUInt16LE(2), node.readUInt16LE(4), node.readUInt16LE(6)];
  const fits = (most + 1) * extentBytes <= node.length;
  if (node.readUInt16LE(0) !== 0xf30a || entries > most || !fits || depth > (expectedDepth ?? deepest))
    throw new Malformed(`inode ${walk.inode.number} has a damaged extent tree`);
  if (expectedDepth !== undefined && depth !== expectedDepth)
    throw new Malformed(`inode ${walk.inode.number} has an uneven extent tree`);
  if (expectedDepth !== undefined && walk.sb.metadataChecksum) checkNode(walk, node, most);
  for (let i = 1; i <= entries; i += 1) {
    const entry = node.subarray(i * extentBytes, (i + 1) * extentBytes);
    if (depth > 0) {
      const child = entry.readUInt32LE(4) + entry.readUInt16LE(8) * 2 ** 32;
      extents(walk, treeBlock(walk, child), depth - 1);
    } else {
      const length = entry.readUInt16LE(4);
      const unwritten = length > 32768;
      addRun(walk, {
        logical: entry.readUInt32LE(0),
        block: entry.readUInt32LE(8) + entry.readUInt16LE(6) * 2 ** 32,
        count: unwritten ? length - 32768 : length,
        unwritten,
      });
    }
  }
}

function checkNode({ inode }: Walk, node: Buffer, most: number): void {
  const tail = (most + 1) * extentBytes;
  if (tail + 4 > node.length || node.readUInt32LE(tail) !== crc32c(inode.checksumSeed, node, 0, tail))
    throw new Malformed(`inode ${inode.number} has an extent block with a wrong checksum`);
}

const directBlocks = 12;

/** The older map: twelve blocks, then one block of blocks, one of those, and one more. */
function blockMap(walk: Walk): void {
  const { inode, sb } = walk;
  const holdsBlocks = inode.kind !== 'other' && (inode.kind !== 'link' || inode.bytes >= inode.map.length);
  if (!holdsBlocks) return;
  const perBlock = sb.blockBytes / 4;
  let logical = 0;
  const visit = (block: number, level: number) => {
    if (block === 0) {
      logical += perBlock ** level;
    } else if (level === 0) {
      addRun(walk, { logical, block, count: 1, unwritten: false });
      logical += 1;
    } else {
      const map = treeBlock(walk, block);
      for (let i = 0; i < perBlock; i += 1) visit(map.readUInt32LE(i * 4), level - 1);
    }
  };
  for (let i = 0; i < directBlocks + 3; i += 1)
    visit(inode.map.readUInt32LE(i * 4), Math.max(0, i - directBlocks + 1));
}
