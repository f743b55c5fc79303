import type { Budget } from '../malformed.ts';
import { type DiskView, readInside } from '../view.ts';
import type { FileBlocks } from './blocks.ts';
import type { Inode } from './inode.ts';
import type { Superblock } from './superblock.ts';

/** A name in a directory. */
export interface DirectoryEntry {
  inode: number;
  name: string;
}

const headerBytes = 8;

/**
 * The names in a directory but `.` and `..` (Documentation/filesystems/ext4/directory.rst). Leaf blocks of a hash tree
 * are read as they come: its inner nodes look like one empty entry. A damaged block gives what precedes the damage.
 */
export function entriesOf(
  view: DiskView,
  sb: Superblock,
  inode: Inode,
  blocks: FileBlocks,
  budget: Budget,
): DirectoryEntry[] {
  const found: DirectoryEntry[] = [];
  // Inline: the parent's number, then entries; what did not fit is in an extended attribute, and is not read.
  if (inode.inline) readEntries(inode.map.subarray(4), found, budget);
  for (const run of blocks.runs) {
    for (let i = 0; i < run.count && !run.unwritten; i += 1) {
      const block = readInside(view, (run.block + i) * sb.blockBytes, sb.blockBytes);
      readEntries(block, found, budget);
    }
  }
  return withoutDots(found);
}

/** The names in one block of a directory but `.` and `..`. */
export function entriesInBlock(block: Buffer, budget: Budget): DirectoryEntry[] {
  const found: DirectoryEntry[] = [];
  readEntries(block, found, budget);
  return withoutDots(found);
}

function withoutDots(entries: readonly DirectoryEntry[]): DirectoryEntry[] {
  return entries.filter(({ name }) => name !== '.' && name !== '..');
}

function readEntries(block: Buffer, found: DirectoryEntry[], budget: Budget): void {
  for (let at = 0; at + headerBytes <= block.length; ) {
    budget.take();
    const length = recordLength(block.readUInt16LE(at + 4), block.length);
    const nameBytes = block.readUInt8(at + 6);
    if (length < headerBytes + nameBytes || length % 4 !== 0 || at + length > block.length) return;
    const inode = block.readUInt32LE(at);
    if (inode !== 0) {
      const name = block.toString('utf8', at + headerBytes, at + headerBytes + nameBytes);
      found.push({ inode, name });
    }
    at += length;
  }
}

/** ext4_rec_len_from_disk() of fs/ext4/ext4.h: a length of 64 KiB does not fit into its 16 bits. */
function recordLength(stored: number, blockBytes: number): number {
  if (blockBytes < 65536) return stored;
  return stored === 65535 || stored === 0 ? blockBytes : (stored & 65532) | ((stored & 3) << 16);
}
