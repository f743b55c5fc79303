/** A growing list of 32-bit whole numbers. */
export class IntList {
  private items = new Int32Array(1 << 8);
  private used = 0;

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    if (this.used === this.items.length) {
      const larger = new Int32Array(this.items.length * 2);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.used] = value;
    this.used += 1;
  }

  at(index: number): number {
    return this.items[index] ?? 0;
  }

  /** The items so far, without copying; later changes may or may not show. */
  view(): Int32Array {
    return this.items.subarray(0, this.used);
  }
}
