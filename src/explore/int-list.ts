/** Bits of the position within a chunk. */
const chunkBits = 14;
const chunkMask = (1 << chunkBits) - 1;

/** A growing list of 32-bit whole numbers; it takes hardly more memory than they do, also while it grows. */
export class IntList {
  private readonly chunks: Int32Array[] = [];
  private used = 0;

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    const at = this.used & chunkMask;
    if (at === 0) this.chunks.push(new Int32Array(1 << chunkBits));
    const chunk = this.chunks[this.used >>> chunkBits];
    if (chunk !== undefined) chunk[at] = value;
    this.used += 1;
  }

  at(index: number): number {
    return this.chunks[index >>> chunkBits]?.[index & chunkMask] ?? 0;
  }

  /** Changes an item that is there. */
  set(index: number, value: number): void {
    const chunk = this.chunks[index >>> chunkBits];
    if (chunk !== undefined && index < this.used) chunk[index & chunkMask] = value;
  }

  /** Forgets all items, and lets their memory go. */
  clear(): void {
    this.chunks.length = 0;
    this.used = 0;
  }
}
