import { IntList } from './int-list.ts';

/**
 * A line of disk states: at each position every cell (a sector of a disk, or what a file system makes of it) has one
 * content. Kept as the positions at which a cell's content changes, cell by cell.
 */
export class Axis {
  /** Number of positions. */
  readonly length: number;
  /** Of each cell, where its entries begin; one more at the end. */
  private readonly first: Int32Array;
  private readonly positions: Int32Array;
  private readonly contents: Int32Array;

  constructor(length: number, first: Int32Array, positions: Int32Array, contents: Int32Array) {
    this.length = length;
    this.first = first;
    this.positions = positions;
    this.contents = contents;
  }

  /** What a cell holds at a position. */
  contentAt(cell: number, position: number): number {
    let low = this.first[cell] ?? 0;
    let high = this.first[cell + 1] ?? 0;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.positions[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return this.contents[low] ?? 0;
  }

  /**
   * Adds to `into` (one longer than the axis) the differences of how many of the cells hold something else than
   * wanted: the running sum at a position is the number of cells that do not match there.
   */
  addMismatches(cells: Int32Array, wanted: Int32Array, into: Int32Array): void {
    for (let i = 0; i < cells.length; i += 1) this.addCell(cells[i] ?? 0, wanted[i] ?? 0, into);
  }

  private addCell(cell: number, wanted: number, into: Int32Array): void {
    const end = this.first[cell + 1] ?? 0;
    let differs = false;
    for (let entry = this.first[cell] ?? 0; entry < end; entry += 1) {
      const differsHere = this.contents[entry] !== wanted;
      if (differsHere === differs) continue;
      const position = this.positions[entry] ?? 0;
      into[position] = (into[position] ?? 0) + (differsHere ? 1 : -1);
      differs = differsHere;
    }
    if (differs) into[this.length] = (into[this.length] ?? 0) - 1;
  }
}

/** Collects an axis' changes in the order of positions. */
export class AxisBuilder {
  private readonly cells = new IntList();
  private readonly positions = new IntList();
  private readonly contents = new IntList();

  /** From `position` on, `cell` holds `content`. */
  note(cell: number, position: number, content: number): void {
    this.cells.push(cell);
    this.positions.push(position);
    this.contents.push(content);
  }

  /** `initial`: what each cell holds before the first change. The builder is empty afterwards. */
  build(length: number, initial: Int32Array): Axis {
    const first = new Int32Array(initial.length + 1);
    const { cells } = this;
    for (let i = 0; i < cells.length; i += 1) {
      const cell = cells.at(i);
      first[cell + 1] = (first[cell + 1] ?? 0) + 1;
    }
    for (let cell = 0; cell < initial.length; cell += 1)
      first[cell + 1] = (first[cell + 1] ?? 0) + (first[cell] ?? 0) + 1;
    const positions = new Int32Array(first[initial.length] ?? 0);
    const contents = new Int32Array(positions.length);
    const next = first.slice(0, initial.length);
    initial.forEach((content, cell) => {
      const at = next[cell] ?? 0;
      contents[at] = content;
      next[cell] = at + 1;
    });
    for (let i = 0; i < cells.length; i += 1) {
      const cell = cells.at(i);
      const at = next[cell] ?? 0;
      positions[at] = this.positions.at(i);
      contents[at] = this.contents.at(i);
      next[cell] = at + 1;
    }
    for (const list of [this.cells, this.positions, this.contents]) list.clear();
    return new Axis(length, first, positions, contents);
  }
}
