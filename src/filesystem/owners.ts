import type { Content } from './place.ts';

/** Says what the `bytes` bytes from `offset` on, counted within what it owns, are. */
export type Owner = (offset: number, bytes: number) => Content;

interface Claim {
  first: number;
  /** Offset of the first block within what the owner owns, in blocks. */
  position: number;
  owner: Owner;
}

const free: Owner = () => ({ kind: 'free' });

/** A stretch that one owner has to say something about. */
interface Stretch {
  /** In bytes from the start of the file system. */
  offset: number;
  bytes: number;
  content: Content;
}

/** Which block of a file system belongs to what: built once, asked often. */
export class Owners {
  private readonly blockBytes: number;
  /** 0: free; otherwise the claim's number. */
  private readonly claimOf: Int32Array;
  private readonly claims: Claim[] = [{ first: 0, position: 0, owner: free }];

  constructor(blockBytes: number, blocks: number) {
    this.blockBytes = blockBytes;
    this.claimOf = new Int32Array(blocks);
  }

  /** Gives `count` blocks to an owner, except those that already have one; what is outside is ignored. */
  claim(first: number, count: number, owner: Owner, position = 0): void {
    const number = this.claims.push({ first, position, owner }) - 1;
    const end = Math.min(first + count, this.claimOf.length);
    for (let block = Math.max(first, 0); block < end; block += 1)
      if (this.claimOf[block] === 0) this.claimOf[block] = number;
  }

  /** Consecutive stretches that cover a range of bytes, each as long as can be. */
  describe(offset: number, bytes: number): Stretch[] {
    const end = Math.min(offset + bytes, this.claimOf.length * this.blockBytes);
    const found: Stretch[] = [];
    for (let at = offset; at < end; ) {
      const { owner, within } = this.at(at);
      let next = at;
      do next = Math.min(end, (Math.floor(next / this.blockBytes) + 1) * this.blockBytes);
      while (next < end && this.follows(owner, within + (next - at), next));
      found.push({ offset: at, bytes: next - at, content: owner(within, next - at) });
      at = next;
    }
    return found;
  }

  private at(offset: number): { owner: Owner; within: number } {
    const block = Math.floor(offset / this.blockBytes);
    const claim = this.claims[this.claimOf[block] ?? 0];
    if (claim === undefined || claim.owner === free) return { owner: free, within: 0 };
    const within = (claim.position + block - claim.first) * this.blockBytes + (offset % this.blockBytes);
    return { owner: claim.owner, within };
  }

  private follows(owner: Owner, within: number, offset: number): boolean {
    const next = this.at(offset);
    return next.owner === owner && (owner === free || next.within === within);
  }
}
