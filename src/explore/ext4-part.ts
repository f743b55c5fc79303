import type { BlockSource } from '../filesystem/block-source.ts';
import { type CanonicalForm, Canonicalizer } from '../filesystem/canonical.ts';
import { compat, readSuperblock } from '../filesystem/ext4-superblock.ts';
import { partitionsOf } from '../filesystem/gpt.ts';
import { copiedBlock } from '../filesystem/jbd2.ts';
import { unlessMalformed } from '../filesystem/malformed.ts';
import { type DiskView, partView } from '../filesystem/view.ts';
import { sectorBytes } from '../writelog/log.ts';
import type { Cells } from './cells.ts';
import { blockBytes, blockSectors, type Contents } from './contents.ts';
import type { Interpretation, Interpreter, RawBlock } from './interpretation.ts';

/** Where an ext4 file system lies; all in its own blocks, except `offset` and `blockBytes` in bytes. */
interface Place {
  disk: number;
  offset: number;
  blockBytes: number;
  blocks: number;
}

/**
 * The ext4 file systems of the disks before the log began. What recovery makes of one decides what a device sees that
 * mounts it, so states whose journals replay to the same are one state. That holds only for readers that recover the
 * journal; a boot loader that reads a file system as it is needs the raw states, and audits show it.
 */
export function ext4Parts(bases: readonly DiskView[], cells: Cells, contents: Contents): Ext4Part[] {
  return bases.flatMap((base, disk) =>
    partitionsOf(base).flatMap(({ offset, bytes }) => {
      const superblock = unlessMalformed(
        () => readSuperblock(partView(base, offset, bytes)),
        () => undefined,
      );
      if (superblock === undefined || (superblock.features.compat & compat.journal) === 0) return [];
      const { blockBytes: size, blocks } = superblock;
      if (size > blockBytes || offset % size !== 0) return [];
      return [new Ext4Part({ disk, offset, blockBytes: size, blocks }, cells, contents)];
    }),
  );
}

const untouched: ReadonlySet<number> = new Set();

/** One ext4 file system, read as its own recovery would leave it. */
export class Ext4Part implements Interpreter {
  readonly readingCell: number;
  readonly changedCell: number;
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
  private readonly first: number;
  private readonly end: number;

  constructor(place: Place, cells: Cells, contents: Contents) {
    this.place = place;
    this.cells = cells;
    this.contents = contents;
    this.canonicalizer = new Canonicalizer(place.blockBytes, place.blocks);
    this.readingCell = cells.special();
    this.changedCell = cells.special();
    this.first = Math.floor(place.offset / blockBytes);
    this.end = Math.ceil((place.offset + place.blocks * place.blockBytes) / blockBytes);
  }

  has(cell: number): boolean {
    if (this.cells.disk(cell) !== this.place.disk) return false;
    const block = this.cells.block(cell);
    return block >= this.first && block < this.end;
  }

  controls(cell: number): boolean {
    return this.consulted.has(cell);
  }

  changedBy(changedNumber: number): Iterable<number> {
    return this.changedSets[changedNumber] ?? untouched;
  }

  interpret(raw: RawBlock): Interpretation {
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
  private source(raw: RawBlock): BlockSource {
    const { blockBytes: size } = this.place;
    const sectors = size / sectorBytes;
    const id = (block: number) => {
      const { cell, index } = this.at(block);
      this.consulted.add(cell);
      const { words, at } = raw(cell);
      const padded = new Int32Array(blockSectors);
      for (let i = 0; i < sectors; i += 1) padded[i] = words[at + index + i] ?? 0;
      return this.contents.block(padded);
    };
    return { id, read: (block) => this.contents.bytesOf(id(block)).subarray(0, size) };
  }

  /** Where one of the file system's blocks is. */
  private at(block: number): { cell: number; index: number } {
    const sector = (this.place.offset + block * this.place.blockBytes) / sectorBytes;
    const index = sector % blockSectors;
    return { cell: this.cells.of(this.place.disk, (sector - index) / blockSectors), index };
  }

  private recovered(
    { writes, superblockAt, superblock, dropped }: CanonicalForm,
    source: BlockSource,
  ): Interpretation {
    const sectors = this.place.blockBytes / sectorBytes;
    const replaced = new Map<number, Int32Array>();
    for (const [block, copy] of writes) replaced.set(block, this.sectorsOf(copiedBlock(source, copy)));
    replaced.set(superblockAt, this.sectorsOf(superblock));
    const changed = new Set<number>([...replaced.keys()].map((block) => this.at(block).cell));
    const base = this.place.offset / this.place.blockBytes;
    return {
      changed,
      changedNumber: this.numberOf(changed),
      reading: 0,
      raw: false,
      apply: (cell, words) => {
        const firstBlock = (this.cells.block(cell) * blockSectors) / sectors - base;
        for (let i = 0; i < blockSectors / sectors; i += 1) {
          const block = firstBlock + i;
          const other = replaced.get(block);
          if (other !== undefined) words.set(other, i * sectors);
          else if (dropped.has(block)) words.fill(0, i * sectors, (i + 1) * sectors);
        }
      },
    };
  }

  private sectorsOf(block: Buffer): Int32Array {
    const padded = Buffer.alloc(blockBytes);
    block.copy(padded);
    return this.contents
      .sectorsOf(this.contents.blockOfBytes(padded))
      .subarray(0, block.length / sectorBytes);
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

/** A state that has no canonical form is compared block by block. */
const asItIs: Interpretation = {
  changed: untouched,
  changedNumber: 0,
  reading: 1,
  raw: true,
  apply: () => undefined,
};
