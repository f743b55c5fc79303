import * as nbd from './protocol.ts';

/** Bytes before an option's data: magic, option, length. */
export const optionHeaderBytes = 16;

/** What a client asks for before the transmission phase. */
export interface OptionHeader {
  option: number;
  length: number;
}

/** The server's first words: fixed newstyle, no padding zeroes. */
export function encodeGreeting(flags: number): Buffer {
  const bytes = Buffer.alloc(18);
  bytes.writeBigUInt64BE(nbd.greetingMagic, 0);
  bytes.writeBigUInt64BE(nbd.optionMagic, 8);
  bytes.writeUInt16BE(flags, 16);
  return bytes;
}

/** Undefined where the magic is wrong. */
export function decodeOptionHeader(bytes: Buffer): OptionHeader | undefined {
  if (bytes.readBigUInt64BE(0) !== nbd.optionMagic) return undefined;
  return { option: bytes.readUInt32BE(8), length: bytes.readUInt32BE(12) };
}

/** An option as a client sends it. */
export function encodeOption(option: number, data: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(optionHeaderBytes);
  head.writeBigUInt64BE(nbd.optionMagic, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(data.length, 12);
  return Buffer.concat([head, data]);
}

/** One answer to an option; errors may carry a text for people. */
export interface OptionReply {
  option: number;
  type: number;
  data: Buffer;
}

export function encodeOptionReply({ option, type, data }: OptionReply): Buffer {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(nbd.optionReplyMagic, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(type, 12);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
}

/** The reply at the start of `bytes` and its size; undefined where it is incomplete or the magic is wrong. */
export function decodeOptionReply(bytes: Buffer): { reply: OptionReply; bytes: number } | undefined {
  if (bytes.length < 20 || bytes.readBigUInt64BE(0) !== nbd.optionReplyMagic) return undefined;
  const end = 20 + bytes.readUInt32BE(16);
  if (bytes.length < end) return undefined;
  const reply = {
    option: bytes.readUInt32BE(8),
    type: bytes.readUInt32BE(12),
    data: bytes.subarray(20, end),
  };
  return { reply, bytes: end };
}

/** The data of OPT_INFO and OPT_GO: an export and the kinds of information wanted. */
export interface GoRequest {
  name: string;
  infos: number[];
}

export function encodeGoRequest({ name, infos }: GoRequest): Buffer {
  const count = Buffer.alloc(2 + 2 * infos.length);
  count.writeUInt16BE(infos.length, 0);
  for (const [i, kind] of infos.entries()) count.writeUInt16BE(kind, 2 + 2 * i);
  return Buffer.concat([encodeText(name), count]);
}

/** Undefined where lengths do not add up. */
export function decodeGoRequest(data: Buffer): GoRequest | undefined {
  const name = decodeText(data, 0);
  if (name === undefined || data.length < name.end + 2) return undefined;
  const count = data.readUInt16BE(name.end);
  if (data.length !== name.end + 2 + 2 * count) return undefined;
  const infos = Array.from({ length: count }, (_, i) => data.readUInt16BE(name.end + 2 + 2 * i));
  return { name: name.text, infos };
}

/** The data of OPT_LIST_META_CONTEXT and OPT_SET_META_CONTEXT. */
export interface MetaContextRequest {
  name: string;
  queries: string[];
}

export function encodeMetaContextRequest({ name, queries }: MetaContextRequest): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(queries.length, 0);
  return Buffer.concat([encodeText(name), count, ...queries.map(encodeText)]);
}

/** Undefined where lengths do not add up. */
export function decodeMetaContextRequest(data: Buffer): MetaContextRequest | undefined {
  const name = decodeText(data, 0);
  if (name === undefined || data.length < name.end + 4) return undefined;
  const queries: string[] = [];
  let at = name.end + 4;
  for (let left = data.readUInt32BE(name.end); left > 0; left -= 1) {
    const query = decodeText(data, at);
    if (query === undefined) return undefined;
    queries.push(query.text);
    at = query.end;
  }
  return at === data.length ? { name: name.text, queries } : undefined;
}

/** What a client learns of an export. */
export interface ExportInfo {
  bytes: number;
  flags: number;
}

/** INFO_EXPORT as data of a REP_INFO. */
export function encodeInfoExport({ bytes, flags }: ExportInfo): Buffer {
  const data = Buffer.alloc(12);
  data.writeUInt16BE(nbd.info.export, 0);
  data.writeBigUInt64BE(BigInt(bytes), 2);
  data.writeUInt16BE(flags, 10);
  return data;
}

/** INFO_BLOCK_SIZE as data of a REP_INFO. */
export function encodeInfoBlockSize(): Buffer {
  const data = Buffer.alloc(14);
  data.writeUInt16BE(nbd.info.blockSize, 0);
  data.writeUInt32BE(nbd.blockSize.minimum, 2);
  data.writeUInt32BE(nbd.blockSize.preferred, 6);
  data.writeUInt32BE(nbd.blockSize.maximum, 10);
  return data;
}

/** INFO_NAME as data of a REP_INFO. */
export function encodeInfoName(name: string): Buffer {
  const text = Buffer.from(name);
  const data = Buffer.alloc(2 + text.length);
  data.writeUInt16BE(nbd.info.name, 0);
  text.copy(data, 2);
  return data;
}

/** The answer to OPT_EXPORT_NAME, which has no header: size, flags and, for old clients, 124 zeros. */
export function encodeExportNameReply({ bytes, flags }: ExportInfo, noZeroes: boolean): Buffer {
  const data = Buffer.alloc(noZeroes ? 10 : 134);
  data.writeBigUInt64BE(BigInt(bytes), 0);
  data.writeUInt16BE(flags, 8);
  return data;
}

/** A length and a text, as names and queries are sent. */
export function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length, 0);
  return Buffer.concat([length, bytes]);
}

function decodeText(data: Buffer, at: number): { text: string; end: number } | undefined {
  if (data.length < at + 4) return undefined;
  const end = at + 4 + data.readUInt32BE(at);
  return end > data.length ? undefined : { text: data.toString('utf8', at + 4, end), end };
}
