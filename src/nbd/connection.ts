import type { Socket } from 'node:net';
import { messageOf } from '../core/errors.ts';
import { ByteReader, EndOfStream } from './byte-reader.ts';
import type { Disk } from './disk.ts';
import { negotiate, ProtocolViolation } from './handshake.ts';
import { Transmission } from './transmission.ts';

/** Notices that one client may cause; a hostile one must not fill the log. */
const maxNotices = 20;

/** Who is told what happens to a client. */
export interface ConnectionEvents {
  onNotice: (message: string) => void;
  /** The client had to be dropped. */
  onDropped: (message: string) => void;
}

/** One client from its first byte to its last. */
export class Connection {
  /** Resolves when no request is under way any more and none will come. Never rejects. */
  readonly finished: Promise<void>;
  private readonly socket: Socket;
  private readonly reader: ByteReader;
  private readonly events: ConnectionEvents;
  private notices = 0;
  private cutOff = false;

  constructor(socket: Socket, exports: ReadonlyMap<string, Disk>, events: ConnectionEvents) {
    this.socket = socket;
    this.events = events;
    this.reader = new ByteReader(socket);
    socket.on('error', () => undefined); // 'close' follows, and that is what ends the reader
    this.finished = this.run(exports);
  }

  /** Ends the connection at once, as a power cut does: what has not reached the disk never will. */
  cut(): void {
    this.cutOff = true;
    this.reader.cut();
    this.socket.destroy();
  }

  private async run(exports: ReadonlyMap<string, Disk>): Promise<void> {
    const { socket, reader } = this;
    try {
      const session = await negotiate({ reader, exports, send: (bytes) => this.send(bytes) });
      if (session !== undefined) {
        const isCut = () => this.cutOff;
        await new Transmission(
          { reader, socket, isCut, notice: (message) => this.notice(message) },
          session,
        ).serve();
      }
      reader.cut();
      socket.resume(); // what a client sends after its leave is dropped, so that it can finish
      socket.destroySoon();
    } catch (error) {
      if (!this.cutOff) this.explain(error);
      socket.destroy();
    }
  }

  private send(bytes: Buffer): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  private explain(error: unknown): void {
    if (error instanceof ProtocolViolation) this.drop(`client dropped: ${error.message}`);
    else if (!(error instanceof EndOfStream))
      this.drop(`client dropped, a fault of this server: ${messageOf(error)}`);
    else if (error.got > 0)
      this.notice(`the client ended in the middle of a message (${error.got} bytes of it came)`);
  }

  private drop(message: string): void {
    this.notice(message);
    this.events.onDropped(`nbd: ${message}`);
  }

  private notice(message: string): void {
    this.notices += 1;
    if (this.notices <= maxNotices) this.events.onNotice(`nbd: ${message}`);
    if (this.notices === maxNotices) this.events.onNotice('nbd: no more notices for this client');
  }
}
