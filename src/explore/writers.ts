import { IntList } from './int-list.ts';

/** Who wrote each sector, latest first: tells what a sector would hold if some writes were lost. */
export class Writers {
  /** Of each cell, its latest entry + 1. */
  private latest = new Int32Array(0);
  private readonly seqs = new IntList();
  private readonly contents = new IntList();
  private readonly earlier = new IntList();

  /** Write `seq` put a content into a cell. */
  note(cell: number, seq: number, content: number): void {
    if (cell >= this.latest.length) {
      const larger = new Int32Array(Math.max(2 * this.latest.length, cell + 1, 1 << 12));
      larger.set(this.latest);
      this.latest = larger;
    }
    this.seqs.push(seq);
    this.contents.push(content);
    this.earlier.push(this.latest[cell] ?? 0);
    this.latest[cell] = this.seqs.length;
  }

  /** What a cell would hold without the writes that are lost; `base` where no other wrote it. */
  without(cell: number, lost: (seq: number) => boolean, base: number): number {
    for (let entry = this.latest[cell] ?? 0; entry > 0; entry = this.earlier.at(entry - 1))
      if (!lost(this.seqs.at(entry - 1))) return this.contents.at(entry - 1);
    return base;
  }
}
