import { Damage } from './damage.ts';

/** Takes exact numbers of bytes off a stream of chunks. */
export class ByteStream {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(input: AsyncIterable<Buffer>) {
    this.chunks = input[Symbol.asyncIterator]();
  }

  /** `length` bytes in pieces as they come. Throws Damage where the archive ends before. */
  async *stream(length: number): AsyncGenerator<Buffer> {
    let left = length;
    while (left > 0) {
      if (this.rest.length === 0 && !(await this.more()))
        throw new Damage('the archive ends within an entry');
      const piece = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async take(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.stream(length)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** As `take`, or undefined where nothing is left. */
  async takeOrEnd(length: number): Promise<Buffer | undefined> {
    if (this.rest.length === 0 && !(await this.more())) return undefined;
    return this.take(length);
  }

  /** Ends the stream's source, wherever it is. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  /** Reads to the end, so that the one who unpacks has checked it all. */
  async drain(): Promise<void> {
    do this.rest = Buffer.alloc(0);
    while (await this.more());
  }

  private async more(): Promise<boolean> {
    for (;;) {
      const next = await this.chunks.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.rest = next.value;
      return true;
    }
  }
}
