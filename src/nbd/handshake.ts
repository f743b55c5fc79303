import type { ByteReader } from './byte-reader.ts';
import type { Disk } from './disk.ts';
import * as codec from './handshake-codec.ts';
import * as nbd from './protocol.ts';

/** An option's data may hold two names of 4,096 bytes; anything much longer is no NBD client. */
const maxOptionBytes = 64 << 10;

/** The client broke the protocol in a way that leaves nothing to answer; its connection ends. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
}

/** What the handshake settled. */
export interface Session {
  exportName: string;
  disk: Disk;
  /** Reads are answered in structured chunks, errors with a text. */
  structured: boolean;
}

/** What a handshake needs of its connection. */
export interface HandshakeIo {
  reader: ByteReader;
  send(bytes: Buffer): void;
  exports: ReadonlyMap<string, Disk>;
}

/**
 * Fixed newstyle negotiation (proto.md, "Fixed newstyle negotiation"). Resolves with undefined when the
 * client takes its leave. Throws ProtocolViolation, or EndOfStream when the connection ends.
 */
export async function negotiate(io: HandshakeIo): Promise<Session | undefined> {
  const offered = nbd.handshakeFlag.fixedNewstyle | nbd.handshakeFlag.noZeroes;
  io.send(codec.encodeGreeting(offered));
  const clientFlags = (await io.reader.take(4)).readUInt32BE(0);
  if ((clientFlags & ~offered) !== 0)
    throw new ProtocolViolation(`unknown client flags 0x${clientFlags.toString(16)}`);
  const noZeroes = (clientFlags & nbd.handshakeFlag.noZeroes) !== 0;
  const state = { structured: false };
  for (;;) {
    const header = codec.decodeOptionHeader(await io.reader.take(codec.optionHeaderBytes));
    if (header === undefined) throw new ProtocolViolation('an option without its magic number');
    if (header.length > maxOptionBytes)
      throw new ProtocolViolation(`an option with ${header.length} bytes of data`);
    const data = await io.reader.take(header.length);
    if (header.option === nbd.option.exportName)
      return chooseByName(io, data.toString(), noZeroes, state.structured);
    const outcome = answer(io, header.option, data, state);
    if (outcome === 'leave') return undefined;
    if (outcome !== undefined) return outcome;
  }
}

/** The flags of the transmission phase that a client is told for a disk. */
function transmissionFlags(disk: Disk, structured: boolean): number {
  const flag = nbd.transmissionFlag;
  const writing = flag.sendFlush | flag.sendFua | flag.sendTrim | flag.sendWriteZeroes;
  return (
    flag.hasFlags | writing | (disk.readOnly === true ? flag.readOnly : 0) | (structured ? flag.sendDf : 0)
  );
}

/** OPT_EXPORT_NAME cannot be refused other than by hanging up. */
function chooseByName(io: HandshakeIo, name: string, noZeroes: boolean, structured: boolean): Session {
  const chosen = findExport(io.exports, name);
  if (chosen === undefined)
    throw new ProtocolViolation(`asked for the unknown export ${JSON.stringify(name)}`);
  const flags = transmissionFlags(chosen.disk, structured);
  io.send(codec.encodeExportNameReply({ bytes: chosen.disk.bytes, flags }, noZeroes));
  return { ...chosen, structured };
}

/** Answers one option; a session begins the transmission phase. */
function answer(
  io: HandshakeIo,
  option: number,
  data: Buffer,
  state: { structured: boolean },
): Session | 'leave' | undefined {
  const reply = (type: number, payload: Buffer = Buffer.alloc(0)) =>
    io.send(codec.encodeOptionReply({ option, type, data: payload }));
  const refuse = (type: number, why: string) => reply(type, Buffer.from(why));
  switch (option) {
    case nbd.option.abort:
      reply(nbd.optionReply.ack);
      return 'leave';
    case nbd.option.list:
      if (data.length > 0) refuse(nbd.optionReply.errInvalid, 'OPT_LIST takes no data');
      else {
        for (const name of io.exports.keys()) reply(nbd.optionReply.server, codec.encodeText(name));
        reply(nbd.optionReply.ack);
      }
      return undefined;
    case nbd.option.structuredReply:
      if (data.length > 0) refuse(nbd.optionReply.errInvalid, 'OPT_STRUCTURED_REPLY takes no data');
      else {
        state.structured = true;
        reply(nbd.optionReply.ack);
      }
      return undefined;
    case nbd.option.listMetaContext:
    case nbd.option.setMetaContext: {
      const request = codec.decodeMetaContextRequest(data);
      if (request === undefined) refuse(nbd.optionReply.errInvalid, 'lengths do not add up');
      else if (!state.structured) refuse(nbd.optionReply.errInvalid, 'structured replies come first');
      else if (findExport(io.exports, request.name) === undefined)
        refuse(nbd.optionReply.errUnknown, 'no such export');
      else reply(nbd.optionReply.ack);
      return undefined;
    }
    case nbd.option.info:
    case nbd.option.go: {
      const request = codec.decodeGoRequest(data);
      const chosen = request === undefined ? undefined : findExport(io.exports, request.name);
      if (request === undefined) refuse(nbd.optionReply.errInvalid, 'lengths do not add up');
      else if (chosen === undefined) refuse(nbd.optionReply.errUnknown, 'no such export');
      else {
        const flags = transmissionFlags(chosen.disk, state.structured);
        reply(nbd.optionReply.info, codec.encodeInfoExport({ bytes: chosen.disk.bytes, flags }));
        if (request.infos.includes(nbd.info.name))
          reply(nbd.optionReply.info, codec.encodeInfoName(chosen.exportName));
        reply(nbd.optionReply.info, codec.encodeInfoBlockSize());
        reply(nbd.optionReply.ack);
        if (option === nbd.option.go) return { ...chosen, structured: state.structured };
      }
      return undefined;
    }
    default:
      refuse(nbd.optionReply.errUnsup, `option ${option} is not supported`);
      return undefined;
  }
}

/** The empty name is the default export: the only one there is. */
function findExport(
  exports: ReadonlyMap<string, Disk>,
  name: string,
): { exportName: string; disk: Disk } | undefined {
  const disk = exports.get(name);
  if (disk !== undefined) return { exportName: name, disk };
  const [only, second] = exports;
  return name === '' && only !== undefined && second === undefined
    ? { exportName: only[0], disk: only[1] }
    : undefined;
}
