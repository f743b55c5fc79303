import { IntList } from './int-list.ts';

/** Who wrote each sector, latest first: tells what a sector would hold if some writes were lost. */
export class Writers {
  /** Of each sector of each cell, its latest entry + 1. */
  private latest = new Int32Array(0);
  private readonly seqs = new IntList();
  private readonly sectors = new IntList();
  private readonly earlier = new IntList();

  /** Write `seq` put sector number `sector` at place `at` (cell × 8 + index). */
  note(at: number, seq: number, sector: number): void {
    if (at >= this.latest.length) {
      const larger = new Int32Array(Math.max(2 * this.latest.length, at + 1, 1 << 12));
      larger.set(this.latest);
      this.latest = larger;
    }
    this.seqs.push(seq);
    this.sectors.push(sector);
    this.earlier.push(this.latest[at] ?? 0);
    this.latest[at] = this.seqs.length;
  }

  /** The number of the sector at a place without the writes that are lost; `base` where no other wrote it. */
  without(at: number, lost: (seq: number) => boolean, base: number): number {
    for (let entry = this.latest[at] ?? 0; entry > 0; entry = this.earlier.at(entry - 1))
      if (!lost(this.seqs.at(entry - 1))) return this.sectors.at(entry - 1);
    return base;
  }
}
