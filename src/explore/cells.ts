import type { Contents } from './contents.ts';
import { IntList } from './int-list.ts';

/**
 * Numbers the sectors that crash states can differ in, over all disks. A cell is one such sector; `special` cells
 * stand for something that is none, such as how a journal was read.
 */
export class Cells {
  private readonly contents: Contents;
  /** Per disk, of each sector: its cell + 1, or 0. */
  private readonly numbers: readonly Int32Array[];
  private readonly disks = new IntList();
  private readonly sectors = new IntList();
  /** Of each cell, its content before the log began. */
  private readonly bases = new IntList();
  /** Of each cell: its raw one + 1; of a raw one, less than 0, -1 - the cell that it is the raw one of; else 0. */
  private readonly twins = new IntList();

  /** `diskSectors`: of each disk, in the log's order. */
  constructor(contents: Contents, diskSectors: readonly number[]) {
    this.contents = contents;
    this.numbers = diskSectors.map((sectors) => new Int32Array(sectors));
  }

  get count(): number {
    return this.disks.length;
  }

  /** The cell of a sector, or -1 where no state differs in it. */
  find(disk: number, sector: number): number {
    return (this.numbers[disk]?.[sector] ?? 0) - 1;
  }

  /** The cell of a sector; makes one where there is none. */
  of(disk: number, sector: number): number {
    const known = this.find(disk, sector);
    if (known >= 0) return known;
    const cell = this.add(disk, sector, this.contents.baseAt(disk, sector));
    const numbers = this.numbers[disk];
    if (numbers !== undefined) numbers[sector] = cell + 1;
    return cell;
  }

  /**
   * The cell of what a sector holds as it is, for readers that have not recovered its file system: made where there is
   * none. The sector's own cell holds what recovery makes of it.
   */
  rawOf(cell: number): number {
    const known = this.findRawOf(cell);
    if (known !== undefined) return known;
    const raw = this.add(this.disk(cell), this.sector(cell), this.base(cell));
    this.twins.set(cell, raw + 1);
    this.twins.set(raw, -1 - cell);
    return raw;
  }

  /** The same where there is one. */
  findRawOf(cell: number): number | undefined {
    const twin = this.twins.at(cell);
    return twin > 0 ? twin - 1 : undefined;
  }

  /** The sector's own cell, of one that `rawOf` made. */
  ownOf(cell: number): number | undefined {
    const twin = this.twins.at(cell);
    return twin < 0 ? -1 - twin : undefined;
  }

  /** A new cell that is no sector. */
  special(): number {
    return this.add(-1, -1, 0);
  }

  disk(cell: number): number {
    return this.disks.at(cell);
  }

  sector(cell: number): number {
    return this.sectors.at(cell);
  }

  /** What a cell held before the log began. */
  base(cell: number): number {
    return this.bases.at(cell);
  }

  private add(disk: number, sector: number, base: number): number {
    this.disks.push(disk);
    this.sectors.push(sector);
    this.bases.push(base);
    this.twins.push(0);
    return this.disks.length - 1;
  }
}
