import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  decodeOptionReply,
  encodeGoRequest,
  encodeOption,
  type OptionReply,
} from '../../../src/nbd/handshake-codec.ts';
import { command, handshakeFlag, option, optionReply } from '../../../src/nbd/protocol.ts';
import { decodeReply, encodeRequest, type Reply, type Request } from '../../../src/nbd/transmission-codec.ts';

/** An NBD client that sends whatever bytes it is told to. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  private received = Buffer.alloc(0);
  private full: Socket | undefined;
  private ended = false;
  private cookies = 0n;
  private wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      // Nobody has asked for so much yet, and each further chunk would copy it all.
      if (this.received.length > 4 << 20) this.full = socket.pause();
      this.wake();
    });
    const end = () => {
      this.ended = true;
      this.wake();
    };
    socket.on('error', () => undefined);
    socket.on('end', end);
    socket.on('close', end);
  }

  static async connect(path: string): Promise<RawClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Connected and past the client flags. */
  static async greeted(
    path: string,
    flags: number = handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes,
  ): Promise<RawClient> {
    const client = await RawClient.connect(path);
    await client.take(18);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(flags, 0);
    client.send(bytes);
    return client;
  }

  /** Connected and in the transmission phase. */
  static async ready(path: string, name: string, structured = true): Promise<RawClient> {
    const client = await RawClient.greeted(path);
    if (structured) await client.ask(option.structuredReply);
    const replies = await client.ask(option.go, encodeGoRequest({ name, infos: [] }));
    if (replies.at(-1)?.type !== optionReply.ack)
      throw new Error(`no session: ${String(replies.at(-1)?.data)}`);
    return client;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  async take(count: number): Promise<Buffer> {
    return this.parse((bytes) =>
      bytes.length < count ? undefined : { value: bytes.subarray(0, count), bytes: count },
    );
  }

  /** Sends an option and gathers its replies up to the last. */
  async ask(number: number, data?: Uint8Array): Promise<OptionReply[]> {
    this.send(encodeOption(number, data));
    const replies: OptionReply[] = [];
    for (;;) {
      const reply = await this.parse((bytes) => {
        const decoded = decodeOptionReply(bytes);
        return decoded === undefined ? undefined : { value: decoded.reply, bytes: decoded.bytes };
      });
      replies.push(reply);
      if (reply.type === optionReply.ack || reply.type > 0x80000000) return replies;
    }
  }

  /** Sends a request, and its data, without waiting. */
  post(request: Partial<Request>, data?: Uint8Array): bigint {
    this.cookies += 1n;
    const whole = {
      flags: 0,
      command: command.read,
      offset: 0n,
      length: data?.length ?? 0,
      ...request,
      cookie: this.cookies,
    };
    this.send(encodeRequest(whole));
    if (data !== undefined) this.send(data);
    return this.cookies;
  }

  /** A whole reply; data that come in several chunks are joined. */
  async reply(): Promise<Reply> {
    const { reply, isPart } = await this.chunk();
    if (isPart !== true) return reply;
    const rest = await this.reply();
    if (reply.kind !== 'data' || rest.kind !== 'data') throw new Error('only data come in parts');
    return { ...reply, data: Buffer.concat([reply.data, rest.data]) };
  }

  /** A reply, or one chunk of it. */
  chunk(): Promise<{ reply: Reply; isPart?: true; bytes: number }> {
    return this.parse((bytes) => {
      const decoded = decodeReply(bytes);
      return decoded === undefined ? undefined : { value: decoded, bytes: decoded.bytes };
    });
  }

  call(request: Partial<Request>, data?: Uint8Array): Promise<Reply> {
    this.post(request, data);
    return this.reply();
  }

  /** Resolves when the server has hung up. */
  async hungUp(): Promise<void> {
    while (!this.ended) await this.change();
  }

  private change(): Promise<void> {
    this.full?.resume();
    this.full = undefined;
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private async parse<T>(decode: (bytes: Buffer) => { value: T; bytes: number } | undefined): Promise<T> {
    for (;;) {
      const found = decode(this.received);
      if (found !== undefined) {
        this.received = this.received.subarray(found.bytes);
        return found.value;
      }
      if (this.ended) throw new Error(`the server hung up; ${this.received.length} bytes are left`);
      await this.change();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.destroyed) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }
}
