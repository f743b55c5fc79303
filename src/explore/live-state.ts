import type { Cells } from './cells.ts';
import type { Interpretation, Interpreter, RawContent } from './interpretation.ts';

/** Told that a cell has another content than before. */
export type OnChange = (cell: number, content: number, before: number) => void;

/** Sectors as they would be, by cell. */
export type Changes = ReadonlyMap<number, number>;

/** The contents of all cells while a log is played: sectors go in, changes of cells come out. */
export class LiveState {
  private readonly cells: Cells;
  private readonly parts: readonly Interpreter[];
  private readonly readings: Interpretation[] = [];
  /** Of each cell, what the disk has. */
  private raw = new Int32Array(0);
  /** Of each cell, what that amounts to. */
  private current = new Int32Array(0);
  private known = 0;
  private dirty: number[] = [];

  constructor(cells: Cells, parts: readonly Interpreter[]) {
    this.cells = cells;
    this.parts = parts;
    for (const part of parts) this.readings.push(part.interpret(this.rawOf));
    this.grow();
    for (let cell = 0; cell < this.known; cell += 1)
      this.current[cell] = this.value(cell, this.rawOf, this.readings);
  }

  /** What every cell amounts to now. */
  snapshot(): Int32Array {
    this.grow();
    return this.current.slice(0, this.known);
  }

  /** Sets one sector. */
  put(cell: number, content: number): void {
    if (cell >= this.known) this.grow();
    if (this.raw[cell] === content) return;
    this.raw[cell] = content;
    this.dirty.push(cell);
    const asItIs = this.cells.findRawOf(cell);
    if (asItIs !== undefined) this.dirty.push(asItIs);
  }

  /** Tells of every cell that has changed since the last time. */
  settle(onChange: OnChange): void {
    if (this.dirty.length === 0) return;
    const affected = this.affectedBy(this.dirty, this.rawOf, this.readings);
    this.dirty = [];
    for (const cell of affected) {
      const content = this.value(cell, this.rawOf, this.readings);
      const before = this.current[cell] ?? 0;
      if (content === before) continue;
      this.current[cell] = content;
      onChange(cell, content, before);
    }
  }

  /** The cells, with their contents, that would differ from now if these sectors were so. All must be settled. */
  whatIf(changes: Changes, onChange: OnChange): void {
    const raw: RawContent = (cell) => changes.get(cell) ?? this.rawOf(cell);
    const readings = [...this.readings];
    this.grow();
    const changed = [...changes.keys()];
    const asTheyAre = changed.flatMap((cell) => this.cells.findRawOf(cell) ?? []);
    for (const cell of this.affectedBy([...changed, ...asTheyAre], raw, readings)) {
      const content = this.value(cell, raw, readings);
      const before = this.current[cell] ?? 0;
      if (content !== before) onChange(cell, content, before);
    }
  }

  /** The cells that may differ once `changed` have changed; puts the readings that this gives into `readings`. */
  private affectedBy(
    changed: readonly number[],
    raw: RawContent,
    readings: Interpretation[],
  ): Iterable<number> {
    let affected: Iterable<number> = changed;
    this.parts.forEach((part, i) => {
      const before = readings[i];
      if (before === undefined || !changed.some((cell) => part.controls(cell))) return;
      const after = part.interpret(raw);
      // Cells that were made just now have been as the reading before has them: else their change would go unnoticed.
      this.grow();
      readings[i] = after;
      if (after !== before) affected = this.withReading(affected, part, before, after);
    });
    return affected;
  }

  private withReading(
    affected: Iterable<number>,
    part: Interpreter,
    before: Interpretation,
    after: Interpretation,
  ): Set<number> {
    const all = new Set(affected).add(part.readingCell).add(part.changedCell);
    for (const cell of before.changed) all.add(cell);
    for (const cell of after.changed) all.add(cell);
    if (before.raw !== after.raw)
      for (let cell = 0; cell < this.cells.count; cell += 1) if (part.has(cell)) all.add(cell);
    return all;
  }

  private readonly rawOf: RawContent = (cell) => {
    if (cell >= this.known) this.grow();
    return this.raw[cell] ?? 0;
  };

  private value(cell: number, raw: RawContent, readings: readonly Interpretation[]): number {
    const own = this.cells.ownOf(cell);
    if (own !== undefined) return raw(own);
    for (let i = 0; i < this.parts.length; i += 1) {
      const part = this.parts[i];
      const reading = readings[i];
      if (part === undefined || reading === undefined) continue;
      if (cell === part.readingCell) return reading.reading;
      if (cell === part.changedCell) return reading.changedNumber;
      if (part.has(cell)) return reading.raw ? raw(cell) : reading.apply(cell, raw(cell));
    }
    return raw(cell);
  }

  /** Takes up cells that were made meanwhile. */
  private grow(): void {
    const { count } = this.cells;
    if (this.known >= count) return;
    if (this.raw.length < count) {
      this.raw = extended(this.raw, count);
      this.current = extended(this.current, count);
    }
    const from = this.known;
    this.known = count;
    for (let cell = from; cell < count; cell += 1) this.raw[cell] = this.cells.base(cell);
    if (this.readings.length < this.parts.length) return;
    for (let cell = from; cell < count; cell += 1)
      this.current[cell] = this.value(cell, this.rawOf, this.readings);
  }
}

function extended(array: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(least, 2 * array.length));
  larger.set(array);
  return larger;
}
