import { IntList } from './int-list.ts';

/** Bits of a row's number within a chunk. */
const chunkBits = 10;
const chunkMask = (1 << chunkBits) - 1;

/** Numbers rows of `width` 32-bit words: equal rows get equal numbers, counted from 0 in the order of arrival. */
export class RowIndex {
  private readonly width: number;
  /** The rows, so many to a chunk: nothing is copied when there are more. */
  private readonly chunks: Int32Array[] = [];
  /** Of each row, its hash. */
  private readonly hashes = new IntList();
  /** Open addressing: number + 1 of the row that hashed here, 0 where none did. */
  private slots = new Int32Array(1 << 10);
  private used = 0;

  constructor(width: number) {
    this.width = width;
  }

  /** How many different rows there are. */
  get size(): number {
    return this.used;
  }

  /** The number of the row that stands in `from` at word `at`. */
  number(from: Int32Array, at = 0): number {
    const mask = this.slots.length - 1;
    const hash = this.hash(from, at);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const known = (this.slots[slot] ?? 0) - 1;
      if (known < 0) return this.add(from, at, hash, slot);
      if (this.hashes.at(known) === hash && this.equals(known, from, at)) return known;
    }
  }

  /** Word `word` of a numbered row. */
  word(row: number, word: number): number {
    return this.chunks[row >>> chunkBits]?.[(row & chunkMask) * this.width + word] ?? 0;
  }

  private add(from: Int32Array, at: number, hash: number, slot: number): number {
    const row = this.used;
    if ((row & chunkMask) === 0) this.chunks.push(new Int32Array(this.width << chunkBits));
    const chunk = this.chunks[row >>> chunkBits];
    const start = (row & chunkMask) * this.width;
    if (chunk !== undefined) for (let i = 0; i < this.width; i += 1) chunk[start + i] = from[at + i] ?? 0;
    this.hashes.push(hash);
    this.slots[slot] = row + 1;
    this.used = row + 1;
    if (this.used * 2 > this.slots.length) this.rehash();
    return row;
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2);
    const mask = this.slots.length - 1;
    for (let row = 0; row < this.used; row += 1) {
      let slot = this.hashes.at(row) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = row + 1;
    }
  }

  private equals(row: number, from: Int32Array, at: number): boolean {
    const chunk = this.chunks[row >>> chunkBits];
    const start = (row & chunkMask) * this.width;
    for (let i = 0; i < this.width; i += 1) if (chunk?.[start + i] !== from[at + i]) return false;
    return true;
  }

  /** FNV-1a over words, with a final mix so that the low bits depend on all. */
  private hash(from: Int32Array, at: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.width; i += 1) hash = Math.imul(hash ^ (from[at + i] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }
}
