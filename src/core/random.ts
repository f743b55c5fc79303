import { createHash } from 'node:crypto';

/** Seeded random numbers (sfc32): the same seed gives the same sequence on every machine and Node version. */
export class Random {
  private readonly state: Uint32Array;
  private readonly seed: string;

  constructor(seed: string | number) {
    this.seed = String(seed);
    const digest = createHash('sha256').update(this.seed).digest();
    this.state = Uint32Array.from([0, 4, 8, 12].map((at) => digest.readUInt32LE(at)));
  }

  /** An independent generator for one purpose, so that drawing more for one thing does not change another. */
  fork(purpose: string): Random {
    return new Random(`${this.seed}/${purpose}`);
  }

  /** A whole number in [0, 2^32). */
  private next(): number {
    const s = this.state;
    const [a = 0, b = 0, c = 0, counter = 0] = s;
    const t = (a + b + counter) >>> 0;
    s[3] = counter + 1;
    s[0] = b ^ (b >>> 9);
    s[1] = c + (c << 3);
    s[2] = ((c << 21) | (c >>> 11)) + t;
    return t;
  }

  /** A whole number in [0, below); `below` at most 2^32. */
  int(below: number): number {
    return Math.floor((this.next() / 2 ** 32) * below);
  }

  /** One element; the list must not be empty. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('cannot pick from an empty list');
    return items[this.int(items.length)] as T;
  }

  /** A new list with the same elements in random order. */
  shuffle<T>(items: readonly T[]): T[] {
    const list = [...items];
    for (let i = list.length - 1; i > 0; i -= 1) {
      const j = this.int(i + 1);
      [list[i], list[j]] = [list[j] as T, list[i] as T];
    }
    return list;
  }
}
