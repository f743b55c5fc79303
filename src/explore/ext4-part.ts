import type { BlockSource } from '../filesystem/ext4/block-source.ts';
import { type CanonicalForm, Canonicalizer } from '../filesystem/ext4/canonical.ts';
import { copiedBlock } from '../filesystem/ext4/jbd2.ts';
import { journalGeometry } from '../filesystem/ext4/journal-geometry.ts';
import { compat, readSuperblock } from '../filesystem/ext4/superblock.ts';
import type { Journaled } from '../filesystem/journaled.ts';
import { unlessMalformed } from '../filesystem/malformed.ts';
import { volumesOf } from '../filesystem/partitions/volumes.ts';
import { type DiskView, partView } from '../filesystem/view.ts';
import { sectorBytes } from '../writelog/log.ts';
import type { Cells } from './cells.ts';
import type { Contents } from './contents.ts';
import type { Interpretation, Interpreter, RawContent } from './interpretation.ts';
import { RowIndex } from './row-index.ts';

/** Where an ext4 file system lies; all in its own blocks, except `offset` and `blockBytes` in bytes. */
interface Place {
  journaled: Journaled;
  disk: number;
  offset: number;
  blockBytes: number;
  blocks: number;
}

/**
 * The ext4 file systems of the disks before the log began. What recovery makes of one decides what a device sees that
 * mounts it, so states whose journals replay to the same are one state. That holds only for readers that recover the
 * journal: what others read, such as a boot loader, is compared as it is on the disk.
 */
export function ext4Parts(bases: readonly DiskView[], cells: Cells, contents: Contents): Ext4Part[] {
  return bases.flatMap((base, disk) =>
    volumesOf(base).flatMap(({ offset, bytes }) => {
      const superblock = unlessMalformed(
        () => readSuperblock(partView(base, offset, bytes)),
        () => undefined,
      );
      if (superblock === undefined || (superblock.features.compat & compat.journal) === 0) return [];
      // Where the journal cannot be found, nobody could tell when a reader recovers it.
      const geometry = journalGeometry(partView(base, offset, bytes));
      if (geometry?.kind !== 'journal') return [];
      const { blockBytes: size, blocks } = superblock;
      const first = offset / sectorBytes;
      const journaled = {
        first,
        end: first + (blocks * size) / sectorBytes,
        journal: first + ((geometry.blocks[0] ?? 0) * size) / sectorBytes,
      };
      return [new Ext4Part({ disk, offset, blockBytes: size, blocks, journaled }, cells, contents)];
    }),
  );
}

const untouched: ReadonlySet<number> = new Set();

/** One ext4 file system, read as its own recovery would leave it. */
export class Ext4Part implements Interpreter {
  readonly readingCell: number;
  readonly changedCell: number;
  readonly readRaw = true;
  /** Which disk it is on, by position in the log, and where. */
  readonly disk: number;
  readonly journaled: Journaled;
  private readonly place: Place;
  private readonly cells: Cells;
  private readonly contents: Contents;
  private readonly canonicalizer: Canonicalizer;
  /** Cells that some reading of the journal looked at. */
  private readonly consulted = new Set<number>();
  private readonly known = new Map<CanonicalForm['writes'], Map<Buffer, Interpretation>>();
  /** Sets of changed cells, by their number. */
  private readonly changedSets: ReadonlySet<number>[] = [untouched];
  private readonly changedNumbers = new Map<string, number>([['', 0]]);
  /** Numbers the contents of whole blocks of the file system. */
  private readonly blocks: RowIndex;
  private readonly scratch: Int32Array;

  constructor(place: Place, cells: Cells, contents: Contents) {
    this.place = place;
    this.disk = place.disk;
    this.journaled = place.journaled;
    this.cells = cells;
    this.contents = contents;
    this.canonicalizer = new Canonicalizer(place.blockBytes, place.blocks);
    this.readingCell = cells.special();
    this.changedCell = cells.special();
    const sectors = place.blockBytes / sectorBytes;
    this.blocks = new RowIndex(sectors);
    this.scratch = new Int32Array(sectors);
  }

  has(cell: number): boolean {
    if (this.cells.disk(cell) !== this.disk) return false;
    const sector = this.cells.sector(cell);
    return sector >= this.journaled.first && sector < this.journaled.end;
  }

  controls(cell: number): boolean {
    return this.consulted.has(cell);
  }

  changedBy(changedNumber: number): Iterable<number> {
    return this.changedSets[changedNumber] ?? untouched;
  }

  interpret(raw: RawContent): Interpretation {
    const source = this.source(raw);
    const form = this.canonicalizer.form(source);
    if (form.kind === 'odd') return asItIs;
    const byWrites = this.known.get(form.writes) ?? new Map<Buffer, Interpretation>();
    this.known.set(form.writes, byWrites);
    const known = byWrites.get(form.superblock) ?? this.recovered(form, source);
    byWrites.set(form.superblock, known);
    return known;
  }

  /** The blocks of the file system in one state. */
  private source(raw: RawContent): BlockSource {
    const { blockBytes: size } = this.place;
    const id = (block: number) => this.blocks.number(this.sectorsAt(raw, block));
    const read = (block: number) => {
      const number = id(block);
      const parts = Array.from({ length: size / sectorBytes }, (_, i) =>
        this.contents.bytesOf(this.blocks.word(number, i)),
      );
      return Buffer.concat(parts);
    };
    return { id, read };
  }

  /** The contents of a file system block's sectors. Valid until the next call. */
  private sectorsAt(raw: RawContent, block: number): Int32Array {
    const { disk, offset, blockBytes: size } = this.place;
    const first = (offset + block * size) / sectorBytes;
    for (let i = 0; i < this.scratch.length; i += 1) {
      const cell = this.cells.of(disk, first + i);
      this.consulted.add(cell);
      this.scratch[i] = raw(cell);
    }
    return this.scratch;
  }

  private recovered(
    { writes, superblockAt, superblock, dropped }: CanonicalForm,
    source: BlockSource,
  ): Interpretation {
    const replaced = new Map<number, number>();
    for (const [block, copy] of writes) this.replace(replaced, block, copiedBlock(source, copy));
    this.replace(replaced, superblockAt, superblock);
    const { offset, blockBytes: size } = this.place;
    const changed = new Set(replaced.keys());
    return {
      changed,
      changedNumber: this.numberOf(changed),
      reading: 0,
      raw: false,
      apply: (cell, content) => {
        const other = replaced.get(cell);
        if (other !== undefined) return other;
        const block = Math.floor((this.cells.sector(cell) * sectorBytes - offset) / size);
        return dropped.has(block) ? 0 : content;
      },
    };
  }

  /** Notes what the sectors of a file system block hold after recovery. */
  private replace(replaced: Map<number, number>, block: number, bytes: Buffer): void {
    const first = (this.place.offset + block * this.place.blockBytes) / sectorBytes;
    for (let i = 0; i < bytes.length / sectorBytes; i += 1) {
      const sector = bytes.subarray(i * sectorBytes, (i + 1) * sectorBytes);
      replaced.set(this.cells.of(this.disk, first + i), this.contents.numberOf(sector));
    }
  }

  private numberOf(changed: ReadonlySet<number>): number {
    const key = [...changed].sort((a, b) => a - b).join(',');
    const known = this.changedNumbers.get(key);
    if (known !== undefined) return known;
    this.changedSets.push(changed);
    this.changedNumbers.set(key, this.changedSets.length - 1);
    return this.changedSets.length - 1;
  }
}

/** A state that has no canonical form is compared sector by sector. */
const asItIs: Interpretation = {
  changed: untouched,
  changedNumber: 0,
  reading: 1,
  raw: true,
  apply: (_cell, content) => content,
};
