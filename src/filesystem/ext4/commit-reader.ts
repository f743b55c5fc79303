import { type DiskView, readInside } from '../view.ts';
import type { BlockSource } from './block-source.ts';
import { readLogBlock } from './journal-block.ts';
import type { JournalGeometry } from './journal-geometry.ts';
import { type JournalHead, readJournalHead } from './journal-head.ts';
import { TransactionReader } from './transaction.ts';

/** A transaction that was written to a journal, with the block that commits it. */
export interface Commit {
  sequence: number;
  /** The blocks of the file system that hold it in the journal; the last one commits it. */
  journalBlocks: readonly number[];
  /** By the block of the file system that it changes, where the new content is: what `CommitReader.write` was given. */
  writes: ReadonlyMap<number, JournaledContent>;
}

/** A block's content within the journal. */
export interface JournaledContent {
  place: number;
  /** Its first four bytes are the journal's magic number, and zeros in the journal. */
  escaped: boolean;
}

/**
 * Follows what is written to one journal, and tells each transaction when its commit block comes. A transaction that
 * this reader has not seen whole, or does not understand, is passed over.
 */
export class CommitReader {
  private readonly geometry: JournalGeometry;
  private readonly positions: ReadonlyMap<number, number>;
  private readonly source: BlockSource;
  /** Where the content of each block is that was written; blocks that nobody wrote are as in the view. */
  private readonly places = new Map<number, number>();
  private head: JournalHead | undefined;
  private reader: TransactionReader | undefined;
  /** The commit before: where the next transaction begins. */
  private last: { sequence: number; next: number } | undefined;

  /** `view`: the file system before. `contentAt` reads a block that was written; equal places have equal contents. */
  constructor(view: DiskView, geometry: JournalGeometry, contentAt: (place: number) => Buffer) {
    this.geometry = geometry;
    this.positions = new Map(geometry.blocks.map((block, position) => [block, position]));
    this.source = {
      id: (block) => this.places.get(block) ?? -1 - block,
      read: (block) => {
        const place = this.places.get(block);
        return place === undefined
          ? readInside(view, block * geometry.blockBytes, geometry.blockBytes)
          : contentAt(place);
      },
    };
    this.readHead();
  }

  /** Whether a block of the file system is one of the journal's. */
  isJournal(block: number): boolean {
    return this.positions.has(block);
  }

  /** Takes note of one whole block that was written to the journal. Returns the transaction that it commits, if any. */
  write(block: number, place: number): Commit | undefined {
    const position = this.positions.get(block);
    if (position === undefined) return undefined;
    this.places.set(block, place);
    if (position === 0) this.readHead();
    return position === 0 ? undefined : this.commitAt(position, block);
  }

  /** The journal's superblock is written again and again; the features in it may be new. */
  private readHead(): void {
    const [block] = this.geometry.blocks;
    if (block === undefined) return;
    const head = readJournalHead(this.source.read(block), this.geometry);
    if (head.kind === 'odd' || head.formatKey === this.head?.formatKey) return;
    this.head = head;
    this.reader = new TransactionReader(this.geometry, head.format);
  }

  private commitAt(position: number, block: number): Commit | undefined {
    const { head, reader } = this;
    if (head === undefined || reader === undefined) return undefined;
    const found = readLogBlock(this.source.read(block), head.format);
    if (found?.kind !== 'commit' || !found.checksumHolds) return undefined;
    const { sequence } = found;
    const start =
      this.last?.sequence === sequence - 1 ? this.last.next : this.startOf(sequence, position, head);
    const room = head.format.end - head.format.first;
    const transaction = start === undefined ? undefined : reader.read(this.source, start, sequence, room);
    this.last = undefined;
    if (transaction?.kind !== 'transaction') return undefined;
    this.last = { sequence, next: transaction.next };
    const writes = new Map<number, JournaledContent>();
    for (const { block: home, journalBlock, escaped } of transaction.writes) {
      const place = this.places.get(journalBlock);
      if (place !== undefined) writes.set(home, { place, escaped });
    }
    return { sequence, journalBlocks: transaction.from, writes };
  }

  /** The position of the first block of a transaction, found backwards from its commit block. */
  private startOf(sequence: number, position: number, { format }: JournalHead): number | undefined {
    let start: number | undefined;
    for (let at = position, left = format.end - format.first; left > 0; left -= 1) {
      at = at > format.first ? at - 1 : format.end - 1;
      const block = this.geometry.blocks[at];
      const found = block === undefined ? undefined : readLogBlock(this.source.read(block), format);
      if (found === undefined) continue;
      if (found.sequence !== sequence || found.kind === 'commit') break;
      start = at;
    }
    return start;
  }
}
