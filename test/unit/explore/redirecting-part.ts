import type { Cells } from '../../../src/explore/cells.ts';
import { blockSectors, type Contents } from '../../../src/explore/contents.ts';
import type { Interpretation, Interpreter, RawBlock } from '../../../src/explore/interpretation.ts';
import { blockTags, type Parts, sectorOf } from './made-up.ts';

/** Replaced blocks by number, with the block that each takes its content from, or zeros; undefined: all as it is. */
type Redirections = ReadonlyMap<number, number | 'zeros'> | undefined;

const zeros: readonly number[] = Array.from({ length: blockSectors }, () => 0);
/** Like the blocks of a journal: of no consequence wherever the file system can be read. */
const dropped = 4;

/**
 * The rules of a made-up file system on the first disk. Its first block says by its first two sectors how the others
 * are to be read, and is itself read as zeros where it redirects.
 */
function redirections(control: readonly number[]): Redirections {
  const [how = 0, source = 0] = control;
  if (how === 2) return undefined;
  if (how === 0) return new Map();
  const from = how === 1 ? 1 : source % 2 === 0 ? 1 : 2;
  return new Map<number, number | 'zeros'>([
    [0, 'zeros'],
    [how === 1 ? 2 : 3, from],
  ]);
}

/** What a block amounts to in a state, by the rules alone. */
export function recoveredTags(tags: readonly Uint8Array[], disk: number, block: number): readonly number[] {
  const raw = (of: number) => blockTags(tags, disk, of);
  const rules = disk === 0 ? redirections(raw(0)) : undefined;
  if (rules === undefined) return raw(block);
  const from = rules.get(block);
  if (from !== undefined) return from === 'zeros' ? zeros : raw(from);
  return block === dropped ? zeros : raw(block);
}

/** The same as an interpreter of cells; it makes cells of blocks as it comes across them. */
export class RedirectingPart implements Interpreter {
  readonly readingCell: number;
  readonly changedCell: number;
  private readonly cells: Cells;
  private readonly contents: Contents;
  private readonly consulted = new Set<number>();
  private readonly sets: ReadonlySet<number>[] = [];

  constructor({ cells, contents }: Parts) {
    this.cells = cells;
    this.contents = contents;
    this.readingCell = cells.special();
    this.changedCell = cells.special();
  }

  has(cell: number): boolean {
    return this.cells.disk(cell) === 0;
  }

  controls(cell: number): boolean {
    return this.consulted.has(cell);
  }

  changedBy(changedNumber: number): Iterable<number> {
    return this.sets[changedNumber] ?? [];
  }

  interpret(raw: RawBlock): Interpretation {
    const sectors = (block: number) => {
      const cell = this.cells.of(0, block);
      this.consulted.add(cell);
      const { words, at } = raw(cell);
      return words.slice(at, at + blockSectors);
    };
    const rules = redirections(Array.from(sectors(0), (sector) => this.tagOf(sector)));
    const replaced = new Map<number, Int32Array>();
    for (const [block, from] of rules ?? [])
      replaced.set(this.cells.of(0, block), from === 'zeros' ? new Int32Array(blockSectors) : sectors(from));
    const changed = new Set(replaced.keys());
    return {
      changed,
      changedNumber: this.numberOf(changed),
      reading: rules === undefined ? 1 : 0,
      raw: rules === undefined,
      apply: (cell, words) => {
        const other = replaced.get(cell);
        if (other !== undefined) words.set(other);
        else if (this.cells.block(cell) === dropped) words.fill(0);
      },
    };
  }

  private tagOf(sector: number): number {
    const block = this.contents.block(Int32Array.from({ length: blockSectors }, () => sector));
    const bytes = this.contents.bytesOf(block).subarray(0, sectorOf(0).length);
    return [0, 1, 2, 3].findIndex((tag) => sectorOf(tag).equals(bytes));
  }

  private numberOf(changed: ReadonlySet<number>): number {
    const known = this.sets.findIndex((set) => [...set].join() === [...changed].join());
    return known >= 0 ? known : this.sets.push(changed) - 1;
  }
}
