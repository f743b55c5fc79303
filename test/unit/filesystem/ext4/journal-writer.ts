import { crc32c } from '../../../../src/core/crc32c.ts';
import { journalFeatures, journalSeed, small, writeJournalHead } from '../small-ext4.ts';

/** What a transaction does: new contents (by block of the file system) and blocks revoked. */
export interface TestTransaction {
  writes: { block: number; content: Buffer }[];
  revoked: number[];
}

const magic = 0xc03b3998;
const tagsPerDescriptor = 5;

/** Writes a log as jbd2 does, by the format's description and not by the code under test. */
export class JournalWriter {
  readonly incompat: number;
  sequence: number;
  /** Position in the journal of the next block. */
  at: number;
  private readonly image: Buffer;

  constructor(image: Buffer, options: { incompat: number; start: number; sequence: number }) {
    this.image = image;
    this.incompat = options.incompat;
    this.sequence = options.sequence;
    this.at = options.start;
    writeJournalHead(image, options);
  }

  /** Appends a transaction, with its commit block unless told otherwise. */
  append({ writes, revoked }: TestTransaction, commit = true): void {
    for (let i = 0; i < writes.length; i += tagsPerDescriptor)
      this.appendDescriptor(writes.slice(i, i + tagsPerDescriptor));
    if (revoked.length > 0) this.appendRevoked(revoked);
    if (!commit) return;
    this.put(this.block(2), 16);
    this.sequence += 1;
  }

  /** The image's bytes of a position in the journal. */
  blockAt(position: number): Buffer {
    const at = (small.journalStart + position) * small.blockBytes;
    return this.image.subarray(at, at + small.blockBytes);
  }

  private get checked(): boolean {
    return (this.incompat & (journalFeatures.v2 | journalFeatures.v3)) !== 0;
  }

  private block(type: number): Buffer {
    const block = Buffer.alloc(small.blockBytes);
    block.writeUInt32BE(magic, 0);
    block.writeUInt32BE(type, 4);
    block.writeUInt32BE(this.sequence, 8);
    return block;
  }

  private appendDescriptor(writes: TestTransaction['writes']): void {
    const descriptor = this.block(1);
    const stored = writes.map(({ content }) => {
      const copy = Buffer.from(content);
      if (copy.readUInt32BE(0) === magic) copy.writeUInt32BE(0, 0);
      return { copy, escaped: content.readUInt32BE(0) === magic };
    });
    let at = 12;
    for (const [i, { block }] of writes.entries()) {
      const last = i === writes.length - 1;
      const flags = (stored[i]!.escaped ? 1 : 0) | (i > 0 ? 2 : 0) | (last ? 8 : 0);
      at = this.writeTag(descriptor, at, block, flags, stored[i]!.copy);
      if (i === 0) at += 16;
    }
    this.put(descriptor, small.blockBytes - 4);
    for (const { copy } of stored) this.put(copy, undefined);
  }

  private writeTag(descriptor: Buffer, at: number, block: number, flags: number, content: Buffer): number {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(this.sequence);
    const sum = crc32c(crc32c(journalSeed, number), content);
    descriptor.writeUInt32BE(block, at);
    descriptor.writeUInt16BE(flags, at + 6);
    if ((this.incompat & journalFeatures.v3) !== 0) {
      descriptor.writeUInt32BE(sum, at + 12);
      return at + 16;
    }
    const wide = (this.incompat & journalFeatures.wide) !== 0 ? 12 : 8;
    if ((this.incompat & journalFeatures.v2) === 0) return at + wide;
    descriptor.writeUInt16BE(sum & 0xffff, at + 4);
    return at + wide + 2;
  }

  private appendRevoked(revoked: readonly number[]): void {
    const block = this.block(5);
    const bytes = (this.incompat & journalFeatures.wide) !== 0 ? 8 : 4;
    block.writeUInt32BE(16 + revoked.length * bytes, 12);
    for (const [i, number] of revoked.entries())
      block.writeUInt32BE(number, 16 + i * bytes + (bytes === 8 ? 4 : 0));
    this.put(block, small.blockBytes - 4);
  }

  private put(block: Buffer, checksumAt: number | undefined): void {
    if (checksumAt !== undefined && this.checked) block.writeUInt32BE(crc32c(journalSeed, block), checksumAt);
    block.copy(this.blockAt(this.at));
    this.at += 1;
    if (this.at >= small.journalBlocks) this.at = 1;
  }
}
