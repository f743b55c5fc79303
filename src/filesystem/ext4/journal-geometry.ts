import { Budget, Malformed, type Odd, odd, unlessMalformed } from '../malformed.ts';
import type { DiskView } from '../view.ts';
import { blocksOf } from './blocks.ts';
import { readInode } from './inode.ts';
import { compat, incompat, readSuperblock } from './superblock.ts';

/** Where the journal of a file system is. */
export interface JournalGeometry {
  kind: 'journal';
  blockBytes: number;
  /** Number of blocks of the file system. */
  fsBlocks: number;
  /** The file-system block of each block of the journal, in the journal's order. */
  blocks: readonly number[];
}

const mostBlocks = 1 << 20;

/**
 * Finds the journal inode's blocks as ext4_load_journal() of fs/ext4/super.c does; undefined where the file system has
 * no journal. A journal on another device, or one that e2fsck would want to mend, is odd.
 */
export function journalGeometry(view: DiskView): JournalGeometry | Odd | undefined {
  return unlessMalformed(() => find(view), odd);
}

function find(view: DiskView): JournalGeometry | Odd | undefined {
  const sb = readSuperblock(view);
  const { features, blockBytes } = sb;
  if ((features.incompat & incompat.journalDevice) !== 0) return odd('a journal device, not a file system');
  if ((features.compat & compat.journal) === 0) return undefined;
  if (sb.journalInode === 0 || sb.journalDevice !== 0) return odd('the journal is on another device');
  const inode = readInode(view, sb, sb.journalInode);
  if (inode.kind !== 'file' || inode.links === 0) return odd('the journal inode is no file');
  const count = Math.floor(inode.bytes / blockBytes);
  if (count === 0 || count > Math.min(sb.blocks, mostBlocks))
    return odd('the journal has an impossible size');
  const { runs } = blocksOf(view, sb, inode, new Budget(4 * mostBlocks));
  const blocks: number[] = [];
  for (const run of runs) {
    if (run.logical !== blocks.length || run.unwritten) throw new Malformed('the journal has a hole');
    for (let i = 0; i < run.count && blocks.length < count; i += 1) blocks.push(run.block + i);
  }
  if (blocks.length !== count) return odd('the journal has a hole');
  if (new Set(blocks).size !== count) return odd('the journal has a block twice');
  return { kind: 'journal', blockBytes, fsBlocks: sb.blocks, blocks };
}
