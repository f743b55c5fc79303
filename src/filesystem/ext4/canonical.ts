import { type Odd, odd, unlessMalformed } from '../malformed.ts';
import type { DiskView } from '../view.ts';
import type { BlockSource } from './block-source.ts';
import { canonicalSuperblock, sameErrors } from './canonical-superblock.ts';
import { copiedBlock, JournalReplayer } from './jbd2.ts';
import { type JournalGeometry, journalGeometry } from './journal-geometry.ts';
import type { Replayed } from './journal-log.ts';
import {
  incompat,
  readSuperblock,
  type Superblock,
  superblockBytes,
  superblockOffset,
} from './superblock.ts';
import type { JournalCopy } from './transaction.ts';

/**
 * Two contents of a file system are canonically equal if recovery makes the same file system of both: then what a
 * system sees of it after it was mounted is the same too, and so is the verdict on it.
 *
 * FAT needs no canonical form: it has no journal, so every write goes to its place at once, and a power cut leaves as
 * few contents as there were writes. Its one volatile field, the dirty bit, is one more write among them.
 */
export interface CanonicalForm {
  kind: 'canonical';
  /** Blocks whose content is that of a block of the journal instead. */
  writes: ReadonlyMap<number, JournalCopy>;
  /** The block that holds the superblock, and its canonical content: the same object if, and only if, equal. */
  superblockAt: number;
  superblock: Buffer;
  /** Blocks whose content does not matter; empty where there is no journal. */
  dropped: ReadonlySet<number>;
  /** Whether there was anything to recover. */
  pending: boolean;
}

interface Shape {
  /** The blocks that it was read from, and the contents that they had. */
  from: number[];
  ids: number[];
  superblock: Superblock;
  geometry: JournalGeometry | undefined;
  replayer: JournalReplayer | undefined;
  dropped: ReadonlySet<number>;
}

const mostShapes = 64;
const nothingToReplay: Replayed = { kind: 'replayed', writes: new Map(), pending: false, transactions: 0 };

/**
 * Finds the canonical form of contents of one ext4 file system that differ a little, many times over: all that follows
 * from a block's content is kept by its id. `blockBytes` and `blocks` are the file system's own.
 */
export class Canonicalizer {
  private readonly blockBytes: number;
  private readonly blocks: number;
  private readonly superblockAt: number;
  private shapes: (Shape | (Pick<Shape, 'from' | 'ids'> & { problem: Odd }))[] = [];
  private readonly journals = new Map<string, Pick<Shape, 'geometry' | 'replayer' | 'dropped'>>();
  private readonly superblocks = new Map<string, Buffer>();
  /** By the ids of the superblock's block before and after recovery, and whether the log had anything. */
  private readonly checked = new Map<string, Buffer | Odd>();

  constructor(blockBytes: number, blocks: number) {
    this.blockBytes = blockBytes;
    this.blocks = blocks;
    this.superblockAt = Math.floor(superblockOffset / blockBytes);
  }

  /**
   * The canonical form of a content, or why it has none: then it is to be taken as it is. It says nothing about those
   * who read the file system without recovering it: a boot loader, or a mount with `noload` or of a write-protected disk.
   */
  form(source: BlockSource): CanonicalForm | Odd {
    const shape = this.shape(source);
    if ('problem' in shape) return shape.problem;
    const replayed = shape.replayer?.replay(source) ?? nothingToReplay;
    if (replayed.kind === 'odd') return replayed;
    const superblock = this.superblock(source, shape, replayed);
    if ('kind' in superblock) return superblock;
    const { writes, pending } = replayed;
    const { dropped } = shape;
    return { kind: 'canonical', writes, superblockAt: this.superblockAt, superblock, dropped, pending };
  }

  private shape(source: BlockSource): Canonicalizer['shapes'][number] {
    const known = this.shapes.find(({ from, ids }) => from.every((block, i) => source.id(block) === ids[i]));
    if (known !== undefined) return known;
    const seen = new Set<number>();
    const view = this.viewOf(source, seen);
    const read = unlessMalformed(() => {
      const superblock = readSuperblock(view);
      if (superblock.blockBytes !== this.blockBytes || superblock.blocks !== this.blocks)
        return odd('the file system has another size');
      if ((superblock.features.incompat & incompat.multipleMount) !== 0)
        return odd('the file system is protected against multiple mounts');
      const geometry = journalGeometry(view);
      return geometry?.kind === 'odd' ? geometry : { superblock, ...this.journal(geometry) };
    }, odd);
    const from = [...seen];
    const ids = from.map((block) => source.id(block));
    const shape = 'kind' in read ? { from, ids, problem: read } : { from, ids, ...read };
    this.shapes = [shape, ...this.shapes.slice(0, mostShapes - 1)];
    return shape;
  }

  /** One replayer for equal geometries, so that a change of the superblock alone loses nothing. */
  private journal(geometry: JournalGeometry | undefined): Pick<Shape, 'geometry' | 'replayer' | 'dropped'> {
    const key = geometry === undefined ? '' : JSON.stringify(geometry);
    let journal = this.journals.get(key);
    if (journal === undefined) {
      journal = {
        geometry,
        replayer: geometry === undefined ? undefined : new JournalReplayer(geometry),
        dropped: new Set(geometry?.blocks),
      };
      this.journals.set(key, journal);
    }
    return journal;
  }

  private superblock(source: BlockSource, shape: Shape, { writes, pending }: Replayed): Buffer | Odd {
    const copy = writes.get(this.superblockAt);
    const [before, after] = [
      source.id(this.superblockAt),
      copy === undefined ? '' : `${source.id(copy.journalBlock)}${copy.escaped ? 'e' : ''}`,
    ];
    const key = `${before}/${after}/${pending ? 1 : 0}`;
    let result = this.checked.get(key);
    if (result === undefined) {
      const raw = source.read(this.superblockAt);
      const block = copy === undefined ? raw : copiedBlock(source, copy);
      result = this.canonicalBlock(raw, block, shape, pending);
      this.checked.set(key, result);
    }
    return result;
  }

  private canonicalBlock(raw: Buffer, block: Buffer, { superblock }: Shape, pending: boolean): Buffer | Odd {
    if (pending && (superblock.features.incompat & incompat.recover) === 0)
      return odd('the log has transactions that the superblock knows nothing of');
    const at = superblockOffset % this.blockBytes;
    const end = at + superblockBytes;
    if (!sameErrors(raw.subarray(at, end), block.subarray(at, end)))
      return odd('the journal has another superblock with other errors');
    const canonical = canonicalSuperblock(block.subarray(at, end));
    const before = canonicalSuperblock(raw.subarray(at, end));
    if (canonical === undefined || before === undefined) return odd('the superblock is damaged');
    if (!sameShape(canonical, before)) return odd('the journal has a superblock of another file system');
    const whole = Buffer.from(block);
    canonical.copy(whole, at);
    const bytes = whole.toString('latin1');
    const known = this.superblocks.get(bytes);
    if (known !== undefined) return known;
    this.superblocks.set(bytes, whole);
    return whole;
  }

  /** All blocks as a view that notes which ones were read. */
  private viewOf(source: BlockSource, seen: Set<number>): DiskView {
    const read = (offset: number, length: number) => {
      const first = Math.floor(offset / this.blockBytes);
      const last = Math.floor((offset + Math.max(length, 1) - 1) / this.blockBytes);
      const blocks: Buffer[] = [];
      for (let block = first; block <= last; block += 1) {
        seen.add(block);
        blocks.push(source.read(block));
      }
      const start = offset - first * this.blockBytes;
      return Buffer.concat(blocks).subarray(start, start + length);
    };
    return { bytes: this.blocks * this.blockBytes, read };
  }
}

/** The parts of a superblock that say where everything is: up to s_r_blocks_count, sizes, features, journal. */
const shapeFields = [
  [0x0, 0x8],
  [0x14, 0x2c],
  [0x4c, 0x50],
  [0x54, 0x78],
  [0xe0, 0xe8],
  [0xfe, 0x100],
  [0x104, 0x108],
  [0x150, 0x154],
  [0x270, 0x274],
] as const;

function sameShape(one: Buffer, other: Buffer): boolean {
  return shapeFields.every(([start, end]) => one.subarray(start, end).equals(other.subarray(start, end)));
}
