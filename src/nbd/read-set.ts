import type { Journaled } from '../filesystem/journaled.ts';

/** The grain of a read set where none is given: file systems and page caches read in these. */
export const readSetBlockBytes = 4096;

/**
 * The blocks that a boot read, ascending. What was read before the file system it is in was recovered is in both lists: it
 * may be read again afterwards, or be in the memory of whoever recovered it, who has then what recovery made of it.
 */
export interface BlocksRead {
  /** By a reader that has recovered the file system they are in, or of what has no journal. */
  recovered: number[];
  /** By a reader that took the file system as it was found: a boot loader, or a mount with `noload`. */
  raw: number[];
}

/** How far a boot's reader of one file system has come. */
interface Recovery extends Journaled {
  state: 'raw' | 'begun' | 'done';
}

/**
 * Which blocks of a disk were read before they were wholly overwritten: all that a boot's outcome hangs on. Of a file
 * system with a journal it says besides which of them were read before it was recovered. Who recovers one reads the
 * journal's superblock, and writes it when that is done (fs/jbd2/recovery.c and journal.c, Linux 6.1; e2fsck/journal.c);
 * so recovery begins with the last read of that block before the first write of it, and without the write there was none.
 */
export class ReadSet {
  /** Number of blocks of the disk; the last may be a part of one. */
  readonly blocks: number;
  private readonly bytes: number;
  private readonly blockBytes: number;
  private readonly seen: Uint8Array;
  private readonly owned: Uint8Array;
  /** Those of `seen` that were read before their file system was recovered, where it was. */
  private readonly early: Uint8Array;
  private readonly recoveries: readonly Recovery[];

  /** For a disk of `bytes`, in blocks of `blockBytes`; file systems with a journal can be told only in blocks of a sector. */
  constructor(bytes: number, blockBytes = readSetBlockBytes, journaled: readonly Journaled[] = []) {
    this.bytes = bytes;
    this.blockBytes = blockBytes;
    this.blocks = Math.ceil(bytes / blockBytes);
    this.seen = new Uint8Array(Math.ceil(this.blocks / 8));
    this.owned = new Uint8Array(Math.ceil(this.blocks / 8));
    this.early = new Uint8Array(journaled.length === 0 ? 0 : this.seen.length);
    this.recoveries = journaled.map((one) => ({ ...one, state: 'raw' }));
  }

  /** Notes that the bytes of [offset, end) were looked at. */
  noteRead(offset: number, end: number): void {
    const first = Math.floor(offset / this.blockBytes);
    const last = Math.ceil(end / this.blockBytes);
    for (const recovery of this.recoveries)
      if (recovery.state !== 'done' && recovery.journal >= first && recovery.journal < last)
        this.begin(recovery);
    for (let block = first; block < last; block += 1) this.look(block);
  }

  /** Notes an overwrite; a block that keeps part of its old content counts as read. */
  noteWrite(offset: number, end: number): void {
    const first = Math.floor(offset / this.blockBytes);
    const last = Math.ceil(end / this.blockBytes);
    for (const recovery of this.recoveries)
      if (recovery.state === 'begun' && recovery.journal >= first && recovery.journal < last)
        recovery.state = 'done';
    for (let block = first; block < last; block += 1) {
      const start = block * this.blockBytes;
      if (offset <= start && end >= Math.min(start + this.blockBytes, this.bytes)) mark(this.owned, block);
      else this.look(block);
    }
  }

  has(block: number): boolean {
    return marked(this.seen, block);
  }

  /** What was read until now. */
  blocksRead(): BlocksRead {
    const read: BlocksRead = { recovered: [], raw: [] };
    for (let block = 0; block < this.blocks; block += 1) {
      if (!this.has(block)) continue;
      const recovery = this.recoveries.find(({ first, end }) => block >= first && block < end);
      if (recovery === undefined || recovery.state === 'done') read.recovered.push(block);
      if (recovery !== undefined && (recovery.state !== 'done' || marked(this.early, block)))
        read.raw.push(block);
    }
    return read;
  }

  /** What was read before was read by others. */
  private begin(recovery: Recovery): void {
    recovery.state = 'begun';
    for (let block = recovery.first; block < recovery.end; block += 1)
      if (this.has(block)) mark(this.early, block);
  }

  private look(block: number): void {
    if (!marked(this.owned, block)) mark(this.seen, block);
  }
}

function marked(bits: Uint8Array, at: number): boolean {
  return ((bits[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
}

function mark(bits: Uint8Array, at: number): void {
  bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
}
