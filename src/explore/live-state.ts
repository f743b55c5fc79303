import type { Cells } from './cells.ts';
import { blockSectors, type Contents } from './contents.ts';
import type { Interpretation, Interpreter, RawBlock } from './interpretation.ts';

/** Told that a cell has another content than before. */
export type OnChange = (cell: number, content: number, before: number) => void;

/** Blocks as they would be: per cell, its eight sector numbers. */
export type BlockChanges = ReadonlyMap<number, Int32Array>;

/** The contents of all cells while a log is played: sectors go in, changes of cells come out. */
export class LiveState {
  private readonly cells: Cells;
  private readonly contents: Contents;
  private readonly parts: readonly Interpreter[];
  private readonly readings: Interpretation[];
  /** Eight words a cell, as the disks have them. */
  private sectors: Int32Array;
  /** Of each cell, what it amounts to. */
  private current: Int32Array;
  private known = 0;
  /** Cells that were put since the last time all was settled, each once; by cell, whether it is among them. */
  private dirty: number[] = [];
  private isDirty = new Uint8Array(0);
  private readonly scratch = new Int32Array(blockSectors);

  constructor(cells: Cells, contents: Contents, parts: readonly Interpreter[]) {
    this.cells = cells;
    this.contents = contents;
    this.parts = parts;
    this.sectors = new Int32Array(0);
    this.current = new Int32Array(0);
    this.readings = [];
    this.grow();
    for (const part of parts) this.readings.push(part.interpret(this.raw));
    this.known = 0;
    this.grow();
  }

  /** What every cell amounts to now. */
  snapshot(): Int32Array {
    this.grow();
    return this.current.slice(0, this.cells.count);
  }

  /** Sets one sector of a block. */
  put(cell: number, index: number, sector: number): void {
    this.grow();
    const at = cell * blockSectors + index;
    if (this.sectors[at] === sector) return;
    this.sectors[at] = sector;
    if (this.isDirty[cell] === 1) return;
    this.isDirty[cell] = 1;
    this.dirty.push(cell);
  }

  /** Sets a whole block. */
  putBlock(cell: number, sectors: Int32Array): void {
    for (let i = 0; i < blockSectors; i += 1) this.put(cell, i, sectors[i] ?? 0);
  }

  /** Tells of every cell that has changed since the last time. */
  settle(onChange: OnChange): void {
    if (this.dirty.length === 0) return;
    let affected: Iterable<number> = this.dirty;
    for (const [i, part] of this.parts.entries()) {
      const before = this.readings[i];
      if (before === undefined || !this.dirty.some((cell) => part.controls(cell))) continue;
      const after = part.interpret(this.raw);
      affected = this.withAffected(affected, part, before, after);
      this.readings[i] = after;
    }
    this.grow();
    for (const cell of affected) {
      const content = this.valueNow(cell);
      const before = this.current[cell] ?? 0;
      if (content === before) continue;
      this.current[cell] = content;
      onChange(cell, content, before);
    }
    for (const cell of this.dirty) this.isDirty[cell] = 0;
    this.dirty = [];
  }

  /** The cells, with their contents, that would differ from now if these blocks were so. All must be settled. */
  whatIf(changes: BlockChanges, onChange: OnChange): void {
    const raw: RawBlock = (cell) => {
      const words = changes.get(cell);
      return words === undefined ? this.raw(cell) : { words, at: 0 };
    };
    let affected: Iterable<number> = changes.keys();
    const readings = this.parts.map((part, i) => {
      const before = this.readings[i] as Interpretation;
      if (!some(changes.keys(), (cell) => part.controls(cell))) return before;
      const after = part.interpret(raw);
      affected = this.withAffected(affected, part, before, after);
      return after;
    });
    this.grow();
    for (const cell of affected) {
      const { words, at } = raw(cell);
      const content = this.value(cell, words, at, readings);
      const before = this.current[cell] ?? 0;
      if (content !== before) onChange(cell, content, before);
    }
  }

  /** `cells`, and those that a part is read differently in by `a` and by `b`. */
  private withAffected(
    cells: Iterable<number>,
    part: Interpreter,
    a: Interpretation,
    b: Interpretation,
  ): Iterable<number> {
    if (a === b) return cells;
    const affected = new Set([...cells, part.readingCell, part.changedCell, ...a.changed, ...b.changed]);
    if (a.raw !== b.raw)
      for (let cell = 0; cell < this.cells.count; cell += 1) if (part.has(cell)) affected.add(cell);
    return affected;
  }

  private readonly raw: RawBlock = (cell) => {
    this.grow();
    return { words: this.sectors, at: cell * blockSectors };
  };

  private valueNow(cell: number): number {
    return this.value(cell, this.sectors, cell * blockSectors, this.readings);
  }

  /** What a cell amounts to whose sectors are eight of `words` from `at` on. */
  private value(cell: number, words: Int32Array, at: number, readings: readonly Interpretation[]): number {
    for (let i = 0; i < readings.length; i += 1) {
      const [part, reading] = [this.parts[i], readings[i]];
      if (part === undefined || reading === undefined) continue;
      if (cell === part.readingCell) return reading.reading;
      if (cell === part.changedCell) return reading.changedNumber;
      if (!part.has(cell) || reading.raw) continue;
      for (let j = 0; j < blockSectors; j += 1) this.scratch[j] = words[at + j] ?? 0;
      reading.apply(cell, this.scratch);
      return this.contents.block(this.scratch);
    }
    return this.contents.block(words, at);
  }

  /** Takes up cells that were made meanwhile. */
  private grow(): void {
    const { count } = this.cells;
    if (this.known === count) return;
    const words = count * blockSectors;
    if (this.sectors.length < words) {
      const sectors = new Int32Array(Math.max(words, 2 * this.sectors.length));
      sectors.set(this.sectors.subarray(0, this.known * blockSectors));
      this.sectors = sectors;
      const current = new Int32Array(sectors.length / blockSectors);
      current.set(this.current.subarray(0, this.known));
      this.current = current;
      const isDirty = new Uint8Array(current.length);
      isDirty.set(this.isDirty);
      this.isDirty = isDirty;
    }
    this.cells.copyBases(this.known, this.sectors);
    const from = this.known;
    this.known = count;
    if (this.readings.length < this.parts.length) return;
    for (let cell = from; cell < count; cell += 1) this.current[cell] = this.valueNow(cell);
  }
}

function some<T>(items: Iterable<T>, test: (item: T) => boolean): boolean {
  for (const item of items) if (test(item)) return true;
  return false;
}
