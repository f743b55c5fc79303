import * as nbd from './protocol.ts';

/** Bytes of a request without a write's data. */
export const requestBytes = 28;

/** One request of the transmission phase. */
export interface Request {
  flags: number;
  command: number;
  /** The client's name for the request; the reply repeats it. */
  cookie: bigint;
  /** Any 64-bit number until it is checked against the disk's size. */
  offset: bigint;
  length: number;
}

/** Undefined where the magic is wrong. */
export function decodeRequest(bytes: Buffer): Request | undefined {
  if (bytes.readUInt32BE(0) !== nbd.requestMagic) return undefined;
  return {
    flags: bytes.readUInt16BE(4),
    command: bytes.readUInt16BE(6),
    cookie: bytes.readBigUInt64BE(8),
    offset: bytes.readBigUInt64BE(16),
    length: bytes.readUInt32BE(24),
  };
}

/** A request as a client sends it, without a write's data. */
export function encodeRequest(request: Request): Buffer {
  const bytes = Buffer.allocUnsafe(requestBytes);
  bytes.writeUInt32BE(nbd.requestMagic, 0);
  bytes.writeUInt16BE(request.flags, 4);
  bytes.writeUInt16BE(request.command, 6);
  bytes.writeBigUInt64BE(request.cookie, 8);
  bytes.writeBigUInt64BE(request.offset, 16);
  bytes.writeUInt32BE(request.length, 24);
  return bytes;
}

/** A simple reply's 16 bytes; a successful read's data follow. `error` 0 is success. */
export function encodeSimpleReply(cookie: bigint, error: number): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUInt32BE(nbd.simpleReplyMagic, 0);
  bytes.writeUInt32BE(error, 4);
  bytes.writeBigUInt64BE(cookie, 8);
  return bytes;
}

/** The start of a chunk of a structured read reply; `length` bytes of data follow. `isLast`: no chunk comes after it. */
export function encodeReadChunk(cookie: bigint, offset: bigint, length: number, isLast = true): Buffer {
  const bytes = Buffer.allocUnsafe(28);
  writeChunkHeader(bytes, nbd.chunkType.offsetData, cookie, 8 + length, isLast);
  bytes.writeBigUInt64BE(offset, 20);
  return bytes;
}

/** The last chunk of a structured read reply: zeros, which are not sent. */
export function encodeHoleChunk(cookie: bigint, offset: bigint, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(32);
  writeChunkHeader(bytes, nbd.chunkType.offsetHole, cookie, 12);
  bytes.writeBigUInt64BE(offset, 20);
  bytes.writeUInt32BE(length, 28);
  return bytes;
}

/** A structured reply that is only an error. `message` is cut to 1,024 bytes. */
export function encodeErrorChunk(cookie: bigint, error: number, message: string): Buffer {
  const text = Buffer.from(message).subarray(0, 1024);
  const bytes = Buffer.alloc(26 + text.length);
  writeChunkHeader(bytes, nbd.chunkType.error, cookie, 6 + text.length);
  bytes.writeUInt32BE(error, 20);
  bytes.writeUInt16BE(text.length, 24);
  text.copy(bytes, 26);
  return bytes;
}

function writeChunkHeader(bytes: Buffer, type: number, cookie: bigint, payload: number, isLast = true): void {
  bytes.writeUInt32BE(nbd.chunkMagic, 0);
  bytes.writeUInt16BE(isLast ? nbd.chunkDone : 0, 4);
  bytes.writeUInt16BE(type, 6);
  bytes.writeBigUInt64BE(cookie, 8);
  bytes.writeUInt32BE(payload, 16);
}

/** A reply as a client sees it. */
export type Reply =
  | { kind: 'simple'; cookie: bigint; error: number }
  | { kind: 'data'; cookie: bigint; offset: bigint; data: Buffer }
  | { kind: 'error'; cookie: bigint; error: number; message: string };

/**
 * The reply at the start of `bytes` and its size, `isPart` where more of it follows; undefined where it is incomplete. A simple reply's
 * data are not part of it: only the client knows whether it asked for any. Throws on a wrong magic or type.
 */
export function decodeReply(bytes: Buffer): { reply: Reply; bytes: number; isPart?: true } | undefined {
  if (bytes.length < 16) return undefined;
  const magic = bytes.readUInt32BE(0);
  const cookie = bytes.readBigUInt64BE(8);
  if (magic === nbd.simpleReplyMagic)
    return { reply: { kind: 'simple', cookie, error: bytes.readUInt32BE(4) }, bytes: 16 };
  if (magic !== nbd.chunkMagic) throw new Error(`no NBD reply: magic ${magic.toString(16)}`);
  const end = bytes.length < 20 ? Number.POSITIVE_INFINITY : 20 + bytes.readUInt32BE(16);
  if (bytes.length < end) return undefined;
  const type = bytes.readUInt16BE(6);
  const part = (bytes.readUInt16BE(4) & nbd.chunkDone) === 0 ? { isPart: true as const } : {};
  if (type === nbd.chunkType.offsetData) {
    const data = bytes.subarray(28, end);
    return { reply: { kind: 'data', cookie, offset: bytes.readBigUInt64BE(20), data }, bytes: end, ...part };
  }
  if (type === nbd.chunkType.offsetHole) {
    const data = Buffer.alloc(bytes.readUInt32BE(28));
    return { reply: { kind: 'data', cookie, offset: bytes.readBigUInt64BE(20), data }, bytes: end, ...part };
  }
  if (type !== nbd.chunkType.error) throw new Error(`unexpected NBD chunk of type ${type}`);
  const message = bytes.toString('utf8', 26, 26 + bytes.readUInt16BE(24));
  return { reply: { kind: 'error', cookie, error: bytes.readUInt32BE(20), message }, bytes: end };
}
