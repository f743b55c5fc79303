/**
 * The numbers of the NBD protocol (https://github.com/NetworkBlockDevice/nbd, doc/proto.md), under the
 * names it gives them without the NBD_ prefix. Fixed newstyle negotiation, simple and structured replies.
 */

export const greetingMagic = 0x4e42444d41474943n;
export const optionMagic = 0x49484156454f5054n;
export const optionReplyMagic = 0x0003e889045565a9n;
export const requestMagic = 0x25609513;
export const simpleReplyMagic = 0x67446698;
export const chunkMagic = 0x668e33ef;

/** Handshake flags; the client's answer uses the same bits. */
export const handshakeFlag = { fixedNewstyle: 1, noZeroes: 2 } as const;

export const option = {
  exportName: 1,
  abort: 2,
  list: 3,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const;

export const optionReply = {
  ack: 1,
  server: 2,
  info: 3,
  errUnsup: 0x80000001,
  errInvalid: 0x80000003,
  errUnknown: 0x80000006,
} as const;

export const info = { export: 0, name: 1, blockSize: 3 } as const;

export const transmissionFlag = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendFlush: 1 << 2,
  sendFua: 1 << 3,
  sendTrim: 1 << 5,
  sendWriteZeroes: 1 << 6,
  sendDf: 1 << 7,
} as const;

export const command = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6 } as const;

export const commandFlag = { fua: 1, noHole: 2, df: 4 } as const;

export const chunkType = { none: 0, offsetData: 1, offsetHole: 2, error: 0x8001 } as const;

/** Set on the last chunk of a structured reply. */
export const chunkDone = 1;

export const errorNumber = { EPERM: 1, EIO: 5, ENOMEM: 12, EINVAL: 22, ENOSPC: 28 } as const;
export type ErrorName = keyof typeof errorNumber;

/** Block sizes that are advertised: QEMU pads reads to the minimum, so it is 1. */
export const blockSize = { minimum: 1, preferred: 4096, maximum: 32 << 20 } as const;
