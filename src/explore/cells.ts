import { blockBytes, blockSectors, type Contents } from './contents.ts';
import { IntList } from './int-list.ts';

/**
 * Numbers the blocks that crash states can differ in, over all disks. A cell is one such block; `special` cells stand
 * for something that is no block, such as how a journal was read.
 */
export class Cells {
  private readonly contents: Contents;
  /** Per disk, of each block: its cell + 1, or 0. */
  private readonly numbers: readonly Int32Array[];
  private readonly disks = new IntList();
  private readonly blocks = new IntList();
  /** Of each cell, the numbers of its eight sectors before the log began. */
  private readonly bases = new IntList();

  /** `diskBytes`: of each disk, in the log's order. */
  constructor(contents: Contents, diskBytes: readonly number[]) {
    this.contents = contents;
    this.numbers = diskBytes.map((bytes) => new Int32Array(Math.ceil(bytes / blockBytes)));
  }

  get count(): number {
    return this.disks.length;
  }

  /** The cell of a block, or -1 where no state differs in it. */
  find(disk: number, block: number): number {
    return (this.numbers[disk]?.[block] ?? 0) - 1;
  }

  /** The cell of a block; makes one where there is none. */
  of(disk: number, block: number): number {
    const known = this.find(disk, block);
    if (known >= 0) return known;
    const cell = this.add(disk, block);
    const numbers = this.numbers[disk];
    if (numbers !== undefined) numbers[block] = cell + 1;
    const sectors = new Int32Array(blockSectors);
    this.contents.baseBlock(disk, block, sectors);
    for (const sector of sectors) this.bases.push(sector);
    return cell;
  }

  /** A new cell that is no block. */
  special(): number {
    const cell = this.add(-1, -1);
    for (let i = 0; i < blockSectors; i += 1) this.bases.push(0);
    return cell;
  }

  disk(cell: number): number {
    return this.disks.at(cell);
  }

  block(cell: number): number {
    return this.blocks.at(cell);
  }

  /** Puts what the sectors of the cells from `cell` on were before the log began into `into`: eight words a cell. */
  copyBases(cell: number, into: Int32Array): void {
    this.bases.copy(cell * blockSectors, into);
  }

  /** The number of a cell's sector before the log began. */
  baseSector(cell: number, index: number): number {
    return this.bases.at(cell * blockSectors + index);
  }

  private add(disk: number, block: number): number {
    this.disks.push(disk);
    this.blocks.push(block);
    return this.disks.length - 1;
  }
}
