/** The grain of a read set where none is given: file systems and page caches read in these. */
export const readSetBlockBytes = 4096;

/** Which blocks of a disk were read before they were wholly overwritten: all that a boot's outcome hangs on. */
export class ReadSet {
  /** Number of blocks of the disk; the last may be a part of one. */
  readonly blocks: number;
  private readonly bytes: number;
  private readonly blockBytes: number;
  private readonly seen: Uint8Array;
  private readonly owned: Uint8Array;

  /** For a disk of `bytes`, in blocks of `blockBytes`. */
  constructor(bytes: number, blockBytes = readSetBlockBytes) {
    this.bytes = bytes;
    this.blockBytes = blockBytes;
    this.blocks = Math.ceil(bytes / blockBytes);
    this.seen = new Uint8Array(Math.ceil(this.blocks / 8));
    this.owned = new Uint8Array(Math.ceil(this.blocks / 8));
  }

  /** Notes that the bytes of [offset, end) were looked at. */
  noteRead(offset: number, end: number): void {
    const last = Math.ceil(end / this.blockBytes);
    for (let block = Math.floor(offset / this.blockBytes); block < last; block += 1) this.look(block);
  }

  /** Notes an overwrite; a block that keeps part of its old content counts as read. */
  noteWrite(offset: number, end: number): void {
    const last = Math.ceil(end / this.blockBytes);
    for (let block = Math.floor(offset / this.blockBytes); block < last; block += 1) {
      const start = block * this.blockBytes;
      if (offset <= start && end >= Math.min(start + this.blockBytes, this.bytes)) mark(this.owned, block);
      else this.look(block);
    }
  }

  has(block: number): boolean {
    return marked(this.seen, block);
  }

  /** The numbers of the blocks read, ascending. */
  toArray(): number[] {
    const list: number[] = [];
    for (let block = 0; block < this.blocks; block += 1) if (this.has(block)) list.push(block);
    return list;
  }

  private look(block: number): void {
    if (!marked(this.owned, block)) mark(this.seen, block);
  }
}

function marked(bits: Uint8Array, at: number): boolean {
  return ((bits[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
}

function mark(bits: Uint8Array, at: number): void {
  bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
}
