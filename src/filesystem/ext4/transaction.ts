import { type Odd, odd } from '../malformed.ts';
import type { BlockSource } from './block-source.ts';
import { dataChecksum, type LogBlock, readLogBlock, type Tag } from './journal-block.ts';
import type { JournalGeometry } from './journal-geometry.ts';
import type { JournalFormat } from './journal-head.ts';

/** A block that recovery copies: where its new content is. */
export interface JournalCopy {
  journalBlock: number;
  /** Its first four bytes are the journal's magic number, and zeros in the journal. */
  escaped: boolean;
}

interface Write extends JournalCopy {
  block: number;
  checksum: number;
}

/** A transaction that the log has whole. */
export interface Transaction {
  kind: 'transaction';
  sequence: number;
  /** Position of the log block after its commit block. */
  next: number;
  writes: readonly Write[];
  revoked: readonly number[];
  /** The blocks of the file system that it was read from, and the contents that they had. */
  from: readonly number[];
  ids: readonly number[];
}

/** Whether a source still has every block as the transaction was read from it. */
export function isThere({ from, ids }: Transaction, source: BlockSource): boolean {
  for (let i = 0; i < from.length; i += 1) if (source.id(from[i] as number) !== ids[i]) return false;
  return true;
}

/** Reads transactions of one format; whatever follows from a block's content alone is worked out once. */
export class TransactionReader {
  private readonly geometry: JournalGeometry;
  private readonly format: JournalFormat;
  private readonly journal: ReadonlySet<number>;
  private readonly parsed = new Map<number, LogBlock | undefined>();
  /** By sequence number, then by content. */
  private readonly sums = new Map<number, Map<number, number>>();

  constructor(geometry: JournalGeometry, format: JournalFormat) {
    this.geometry = geometry;
    this.format = format;
    this.journal = new Set(geometry.blocks);
  }

  /**
   * Reads the transaction `sequence` at `start` as the passes of fs/jbd2/recovery.c do, over at most `room` blocks;
   * undefined where the log ends before it. A block without the magic number or with another sequence number ends the
   * log. A descriptor or revoke block with a wrong checksum was torn, or is a leftover: if nothing follows it where the
   * scan looks next, the log ends there too; otherwise the kernel compares times, and e2fsck gives up: odd.
   */
  read(source: BlockSource, start: number, sequence: number, room: number): Transaction | Odd | undefined {
    const at = new LogPosition(this.geometry, this.format, start, room);
    const writes: Write[] = [];
    const revoked: number[] = [];
    let torn = false;
    let strange: string | undefined;
    for (let block = at.take(); block !== undefined; block = at.take()) {
      const found = this.parse(source, block);
      if (found?.sequence !== sequence) return undefined;
      if (torn) return odd(`transaction ${sequence} has a block with a wrong checksum`);
      torn = !found.checksumHolds;
      switch (found.kind) {
        case 'descriptor':
          for (const tag of found.tags) {
            const journalBlock = at.take();
            if (journalBlock === undefined) return odd('the log has no end');
            if (!this.isSound(tag)) strange = 'a tag that makes no sense';
            writes.push({ block: tag.block, journalBlock, escaped: tag.escaped, checksum: tag.checksum });
          }
          break;
        case 'revoke':
          if (found.blocks === undefined) strange = 'an impossible revoke record';
          for (const number of found.blocks ?? []) revoked.push(number);
          break;
        case 'commit': {
          if (torn) strange = 'a commit block with a wrong checksum';
          strange ??= this.dataProblem(source, sequence, writes);
          if (strange !== undefined) return odd(`transaction ${sequence} has ${strange}`);
          const ids = at.from.map((from) => source.id(from));
          return { kind: 'transaction', sequence, next: at.next, writes, revoked, from: at.from, ids };
        }
        case 'unknown':
          return odd(`transaction ${sequence} has a block of an unknown type`);
      }
    }
    return odd('the log has no end');
  }

  private isSound({ block, strange }: Tag): boolean {
    return !strange && block < this.geometry.fsBlocks && !this.journal.has(block);
  }

  private parse(source: BlockSource, block: number): LogBlock | undefined {
    const id = source.id(block);
    const known = this.parsed.get(id);
    if (known !== undefined || this.parsed.has(id)) return known;
    const found = readLogBlock(source.read(block), this.format);
    this.parsed.set(id, found);
    return found;
  }

  /** The kernel does not check revoked blocks; here a wrong one is odd as well, which costs nothing but a boot. */
  private dataProblem(source: BlockSource, sequence: number, writes: readonly Write[]): string | undefined {
    if (this.format.checksum === 'none') return undefined;
    let sums = this.sums.get(sequence);
    if (sums === undefined) {
      sums = new Map();
      this.sums.set(sequence, sums);
    }
    for (const { checksum, journalBlock } of writes) {
      const id = source.id(journalBlock);
      let sum = sums.get(id);
      if (sum === undefined) {
        sum = dataChecksum(source.read(journalBlock), sequence, this.format);
        sums.set(id, sum);
      }
      if (sum !== checksum) return 'a data block with a wrong checksum';
    }
    return undefined;
  }
}

/** Walks a journal block by block, around its end, and notes the way. */
class LogPosition {
  readonly from: number[] = [];
  next: number;
  private readonly geometry: JournalGeometry;
  private readonly format: JournalFormat;
  private readonly room: number;

  constructor(geometry: JournalGeometry, format: JournalFormat, start: number, room: number) {
    this.geometry = geometry;
    this.format = format;
    this.next = start;
    this.room = room;
  }

  /** The file-system block at this position; undefined when there is no room left. */
  take(): number | undefined {
    const block = this.geometry.blocks[this.next];
    if (block === undefined || this.from.length >= this.room) return undefined;
    this.from.push(block);
    this.next += 1;
    if (this.next >= this.format.end) this.next = this.format.first;
    return block;
  }
}
