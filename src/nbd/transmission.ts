import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../core/errors.ts';
import { type ByteReader, EndOfStream } from './byte-reader.ts';
import type { Disk } from './disk.ts';
import { ProtocolViolation, type Session } from './handshake.ts';
import { HeldRead } from './hold-disk.ts';
import * as nbd from './protocol.ts';
import { checkRequest, errorNameOf } from './request-check.ts';
import {
  decodeRequest,
  encodeErrorChunk,
  encodeHoleChunk,
  encodeReadChunk,
  encodeSimpleReply,
  type Request,
  requestBytes,
} from './transmission-codec.ts';

/** Bytes of requests under way, and of replies not yet taken by the client, beyond which no more is read. */
const maxBytesHeld = 32 << 20;
/** Requests under way beyond which no more are read. */
const maxUnderWay = 128;
/**
 * Requests taken from one client before the others have their turn. QEMU has at most 16 under way (MAX_NBD_REQUESTS of
 * block/nbd.c): its requests that arrive together are taken in one turn, so that no flush vouches for a write among them.
 */
const turnRequests = 64;
/** A refused write's data are skipped up to here, so that the connection can go on; more ends it. */
const maxSkippedBytes = 64 << 20;
/** Zeros of this length, and more, are told instead of sent. */
const pieceOfZeros = Buffer.alloc(64 << 10);
/** The largest write buffer that is kept for the next write. */
const keptBufferBytes = 2 << 20;

/** What the transmission phase needs of its connection. */
export interface TransmissionIo {
  reader: ByteReader;
  socket: Socket;
  notice(message: string): void;
  /** True once the power is cut: requests that have not reached the disk never will. */
  isCut(): boolean;
}

/** Serves the requests of one client against one disk. */
export class Transmission {
  private readonly io: TransmissionIo;
  private readonly session: Session;
  private readonly disk: Disk;
  private readonly underWay = new Set<Promise<void>>();
  private bytesUnderWay = 0;
  private isCorked = false;
  private spare: Buffer | undefined;

  constructor(io: TransmissionIo, session: Session) {
    this.io = io;
    this.session = session;
    this.disk = session.disk;
  }

  /**
   * Resolves when the client disconnects, or its connection ends between two requests, and all requests
   * under way have settled. Throws ProtocolViolation; EndOfStream where the end cuts a request short.
   */
  async serve(): Promise<void> {
    try {
      for (let taken = 1; ; taken += 1) {
        if (taken % turnRequests === 0) await setImmediate();
        const header = this.io.reader.tryTake(requestBytes) ?? (await this.nextHeader());
        if (header === undefined || this.io.isCut()) return;
        const request = decodeRequest(header);
        if (request === undefined) throw new ProtocolViolation('a request without its magic number');
        if (request.command === nbd.command.disconnect) return;
        if (!(await this.accept(request))) return;
      }
    } finally {
      await Promise.all(this.underWay);
    }
  }

  private async nextHeader(): Promise<Buffer | undefined> {
    try {
      return await this.io.reader.take(requestBytes);
    } catch (error) {
      if (error instanceof EndOfStream && error.got === 0) return undefined;
      throw error;
    }
  }

  /** Brings a request on its way; false when the power was cut before. */
  private async accept(request: Request): Promise<boolean> {
    const isWrite = request.command === nbd.command.write;
    const problem = checkRequest(request, this.disk, this.session.structured);
    if (problem !== undefined) {
      if (isWrite) await this.skipData(request.length);
      await this.room(0);
      this.replyError(request, nbd.errorNumber[problem.error], problem.message);
      return true;
    }
    const cost = isWrite || request.command === nbd.command.read ? request.length : 0;
    if (!this.hasRoom(cost)) await this.room(cost);
    // Nobody is there any more to be answered; what a client has written counts all the same.
    if (request.command === nbd.command.read && !this.io.socket.writable) return true;
    let data: Buffer | undefined;
    if (isWrite) {
      data = this.buffer(request.length);
      await this.io.reader.fill(data);
    }
    if (this.io.isCut()) return false;
    this.bytesUnderWay += cost;
    const work = this.perform(request, data).finally(() => {
      this.bytesUnderWay -= cost;
      this.underWay.delete(work);
    });
    this.underWay.add(work);
    return true;
  }

  private async skipData(length: number): Promise<void> {
    if (length > maxSkippedBytes) throw new ProtocolViolation(`a write of ${length} bytes`);
    await this.io.reader.skip(length);
  }

  /** Performs a request and answers it; never rejects. */
  private async perform(request: Request, data: Buffer | undefined): Promise<void> {
    const { disk } = this;
    const offset = Number(request.offset);
    const fua = (request.flags & nbd.commandFlag.fua) !== 0;
    try {
      switch (request.command) {
        case nbd.command.read:
          this.replyData(request, await disk.read(offset, request.length));
          return;
        case nbd.command.write:
          if (data !== undefined) await disk.write(offset, data, fua);
          break;
        case nbd.command.flush:
          await disk.flush();
          break;
        case nbd.command.trim:
          await disk.trim(offset, request.length, fua);
          break;
        case nbd.command.writeZeroes:
          await disk.zero(offset, request.length, fua);
          break;
      }
      this.send(encodeSimpleReply(request.cookie, 0));
    } catch (error) {
      const name = errorNameOf(error);
      const where = `export ${JSON.stringify(this.session.exportName)}, command ${request.command}, ${request.length} bytes at ${offset}`;
      if (!(error instanceof HeldRead)) this.io.notice(`${name}: ${messageOf(error)} (${where})`);
      this.replyError(request, nbd.errorNumber[name], messageOf(error));
    } finally {
      if (data !== undefined && data.buffer.byteLength <= keptBufferBytes) this.spare = data;
    }
  }

  /** Memory for a write's data: the last write's if that is done and large enough. */
  private buffer(length: number): Buffer {
    const spare = this.spare;
    this.spare = undefined;
    if (spare !== undefined && spare.buffer.byteLength >= length) return Buffer.from(spare.buffer, 0, length);
    return Buffer.allocUnsafeSlow(Math.max(length, 64 << 10)).subarray(0, length);
  }

  private replyData({ cookie, offset, flags }: Request, data: Buffer): void {
    if (!this.session.structured) {
      this.send(encodeSimpleReply(cookie, 0));
      this.send(data);
      return;
    }
    const zeros = zerosAtEnd(data);
    const isOneChunk = (flags & nbd.commandFlag.df) !== 0;
    const sent = isOneChunk && zeros < data.length ? data.length : data.length - zeros;
    if (sent > 0) {
      this.send(encodeReadChunk(cookie, offset, sent, sent === data.length));
      this.send(sent === data.length ? data : data.subarray(0, sent));
    }
    if (sent < data.length) this.send(encodeHoleChunk(cookie, offset + BigInt(sent), data.length - sent));
  }

  private replyError(request: Request, error: number, message: string): void {
    const { structured } = this.session;
    this.send(
      structured
        ? encodeErrorChunk(request.cookie, error, message)
        : encodeSimpleReply(request.cookie, error),
    );
  }

  /** Gathers what is sent in one turn of the event loop into one system call. */
  private send(bytes: Buffer): void {
    const { socket } = this.io;
    if (!socket.writable) return;
    if (!this.isCorked) {
      this.isCorked = true;
      socket.cork();
      process.nextTick(() => {
        this.isCorked = false;
        socket.uncork();
      });
    }
    socket.write(bytes);
  }

  private hasRoom(cost: number): boolean {
    const { underWay } = this;
    if (underWay.size >= maxUnderWay) return false;
    if (this.io.socket.writableLength >= maxBytesHeld) return false;
    return underWay.size === 0 || this.bytesUnderWay + cost <= maxBytesHeld;
  }

  /** Waits until little enough is under way or unread by the client. */
  private async room(cost: number): Promise<void> {
    while (!this.hasRoom(cost) && !this.io.isCut() && this.io.socket.writable) {
      if (this.underWay.size > 0) await Promise.race(this.underWay);
      else await drained(this.io.socket);
    }
  }
}

/** How many bytes at the end of a read are whole pieces of zeros: flash of 64 MiB is read at each power-on, and has little else. */
function zerosAtEnd(data: Buffer): number {
  let start = data.length;
  while (
    start >= pieceOfZeros.length &&
    data.subarray(start - pieceOfZeros.length, start).equals(pieceOfZeros)
  )
    start -= pieceOfZeros.length;
  return data.length - start;
}

/** Resolves when the socket has sent what it holds, or is closed. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
    if (socket.destroyed || !socket.writableNeedDrain) done();
  });
}
