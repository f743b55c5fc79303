import type { Cells } from '../../../src/explore/cells.ts';
import type { Contents } from '../../../src/explore/contents.ts';
import type { Interpretation, Interpreter, RawContent } from '../../../src/explore/interpretation.ts';
import { type Parts, sectorOf, tagAt } from './made-up.ts';

/** The sectors by which the file system says how the others are to be read. */
export const controlSectors = [8, 9] as const;
/** Sectors whose content may be taken elsewhere, and where. */
const targets = { one: 10, other: 20 } as const;
const sources = { one: 12, other: 25 } as const;
/** Like the blocks of a journal: of no consequence wherever the file system can be read. */
const dropped = 14;
/** All sectors that the rules are about. */
export const ruledSectors = [
  ...controlSectors,
  ...Object.values(targets),
  ...Object.values(sources),
  dropped,
];

/** Replaced sectors, with the sector that each takes its content from, or zeros; undefined: all as it is. */
type Redirections = ReadonlyMap<number, number | 'zeros'> | undefined;

/**
 * The rules of a made-up file system on the first disk. Its control sectors say how the others are to be read; the
 * first of them is itself read as zeros where it redirects.
 */
function redirections(how: number, source: number): Redirections {
  if (how === 2) return undefined;
  if (how === 0) return new Map();
  const [control] = controlSectors;
  const from = how === 1 || source % 2 === 0 ? sources.one : sources.other;
  return new Map<number, number | 'zeros'>([
    [control, 'zeros'],
    [how === 1 ? targets.one : targets.other, from],
  ]);
}

/** What a sector amounts to in a state, by the rules alone. */
export function recoveredTag(tags: readonly Uint8Array[], disk: number, sector: number): number {
  const raw = (of: number) => tagAt(tags, disk, of);
  const [how, source] = controlSectors;
  const rules = disk === 0 ? redirections(raw(how), raw(source)) : undefined;
  if (rules === undefined) return raw(sector);
  const from = rules.get(sector);
  if (from !== undefined) return from === 'zeros' ? 0 : raw(from);
  return sector === dropped ? 0 : raw(sector);
}

/** The same as an interpreter of cells; it makes cells of sectors as it comes across them. */
export class RedirectingPart implements Interpreter {
  readonly readingCell: number;
  readonly changedCell: number;
  readonly readRaw = true;
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

  interpret(raw: RawContent): Interpretation {
    const content = (sector: number) => {
      const cell = this.cells.of(0, sector);
      this.consulted.add(cell);
      return raw(cell);
    };
    const [how, source] = controlSectors;
    const rules = redirections(this.tagOf(content(how)), this.tagOf(content(source)));
    const replaced = new Map<number, number>();
    for (const [sector, from] of rules ?? []) {
      const other = from === 'zeros' ? 0 : content(from);
      // A cell that is made last, as those of the blocks are that a journal holds.
      replaced.set(this.cells.of(0, sector), other);
    }
    const changed = new Set(replaced.keys());
    return {
      changed,
      changedNumber: this.numberOf(changed),
      reading: rules === undefined ? 1 : 0,
      raw: rules === undefined,
      apply: (cell, own) => replaced.get(cell) ?? (this.cells.sector(cell) === dropped ? 0 : own),
    };
  }

  private tagOf(content: number): number {
    const bytes = this.contents.bytesOf(content);
    return [0, 1, 2, 3].findIndex((tag) => sectorOf(tag).equals(bytes));
  }

  private numberOf(changed: ReadonlySet<number>): number {
    const known = this.sets.findIndex((set) => [...set].join() === [...changed].join());
    return known >= 0 ? known : this.sets.push(changed) - 1;
  }
}
