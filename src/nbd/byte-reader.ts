import type { Socket } from 'node:net';

/** Bytes kept unread before the socket is told to wait. */
const highWaterBytes = 256 << 10;

/** The peer closed the connection, or it was cut, before all that was asked for arrived. */
export class EndOfStream extends Error {
  /** Bytes that had arrived of what was asked for. */
  readonly got: number;
  constructor(got: number) {
    super('the connection ended');
    this.name = 'EndOfStream';
    this.got = got;
  }
}

/** Pulls exact numbers of bytes out of a socket, holding back the sender when nobody asks. */
export class ByteReader {
  private readonly socket: Socket;
  private readonly chunks: Buffer[] = [];
  /** Position in the first chunk. */
  private at = 0;
  private available = 0;
  private ended = false;
  private wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.push(chunk));
    socket.on('end', () => this.end());
    socket.on('close', () => this.end());
  }

  /** Throws away what has arrived and lets every wait end: nothing more will be read. */
  cut(): void {
    this.chunks.length = 0;
    this.at = 0;
    this.available = 0;
    this.end();
  }

  /** The next `length` bytes if they are here already. */
  tryTake(length: number): Buffer | undefined {
    if (this.available < length) return undefined;
    const first = this.chunks[0];
    if (first !== undefined && first.length - this.at >= length) {
      const bytes = first.subarray(this.at, this.at + length);
      this.consume(length);
      return bytes;
    }
    const bytes = Buffer.allocUnsafe(length);
    this.moveInto(bytes);
    return bytes;
  }

  /** The next `length` bytes; keep it small, for it all gathers in memory. Throws EndOfStream. */
  async take(length: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.tryTake(length);
      if (bytes !== undefined) return bytes;
      await this.more(this.available);
    }
  }

  /** Fills `target` with the next bytes. Throws EndOfStream. */
  async fill(target: Buffer): Promise<void> {
    let done = this.moveInto(target);
    while (done < target.length) {
      await this.more(done);
      done += this.moveInto(target.subarray(done));
    }
  }

  /** Drops the next `length` bytes. Throws EndOfStream. */
  async skip(length: number): Promise<void> {
    let left = length;
    for (;;) {
      const here = Math.min(left, this.available);
      this.consume(here);
      left -= here;
      if (left === 0) return;
      await this.more(length - left);
    }
  }

  private moveInto(target: Buffer): number {
    let done = 0;
    while (done < target.length) {
      const first = this.chunks[0];
      if (first === undefined) break;
      const count = Math.min(first.length - this.at, target.length - done);
      first.copy(target, done, this.at, this.at + count);
      done += count;
      this.consume(count);
    }
    return done;
  }

  private consume(count: number): void {
    this.available -= count;
    let at = this.at + count;
    for (let first = this.chunks[0]; first !== undefined && at >= first.length; first = this.chunks[0]) {
      at -= first.length;
      this.chunks.shift();
    }
    this.at = at;
  }

  private async more(got: number): Promise<void> {
    if (this.ended) throw new EndOfStream(got);
    if (this.socket.isPaused()) this.socket.resume();
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  private push(chunk: Buffer): void {
    if (this.ended) return;
    this.chunks.push(chunk);
    this.available += chunk.length;
    if (this.available >= highWaterBytes) this.socket.pause();
    this.awaken();
  }

  private end(): void {
    this.ended = true;
    this.awaken();
  }

  private awaken(): void {
    const wake = this.wake;
    this.wake = undefined;
    wake?.();
  }
}
