import { crc32 } from 'node:zlib';
import { guidText } from '../guid.ts';
import { Malformed } from '../malformed.ts';

/** Where everything lies in OVMF's flash volume, in bytes from its start (OvmfPkg/VarStore.fdf.inc). */
export interface VolumeLayout {
  /** Of the whole volume. */
  bytes: number;
  /** Where the variable store ends; it begins behind the volume's header. */
  storeEnd: number;
  /** The working block of the fault tolerant write driver (FTW). */
  work: number;
  /** FTW's spare area, up to the end of the volume. */
  spare: number;
}

const layouts: readonly VolumeLayout[] = [
  { bytes: 0x20000, storeEnd: 0xe000, work: 0xf000, spare: 0x10000 },
  { bytes: 0x84000, storeEnd: 0x40000, work: 0x41000, spare: 0x42000 },
];

/** Of the volume's header: EFI_FIRMWARE_VOLUME_HEADER with one entry in its block map, and the entry that ends it. */
export const volumeHeaderBytes = 0x48;
const volumeGuid = 'FFF12B8D-7696-4C8B-A985-2747075B4F50';
const blockBytes = 0x1000;
const workHeaderBytes = 32;
const workGuid = '9E58292B-7C68-497D-A0CE-6500FD9F1B95';
/** WorkingBlockValid is 0 (which means so), all other bits are as erased. */
const workValid = 0xfe;
/** HeaderAllocated, WritesAllocated and Complete are 0. */
const writeComplete = 0xf8;
/** Of EFI_FAULT_TOLERANT_WRITE_HEADER and EFI_FAULT_TOLERANT_WRITE_RECORD alike, on a 64-bit machine. */
const writeHeaderBytes = 40;
const erased = Buffer.alloc(1 << 16, 0xff);

/** The layout of the volume that has this header, in `space` bytes; undefined where there is none, or none of OVMF's. */
export function volumeLayout(bytes: Buffer, space: number): VolumeLayout | undefined {
  if (bytes.length < volumeHeaderBytes) return undefined;
  const layout = layouts.find((known) => BigInt(known.bytes) === bytes.readBigUInt64LE(32));
  if (layout === undefined || layout.bytes > space) return undefined;
  const sound =
    guidText(bytes.subarray(16, 32)) === volumeGuid &&
    bytes.toString('latin1', 40, 44) === '_FVH' &&
    bytes.readUInt16LE(48) === volumeHeaderBytes &&
    bytes.readUInt8(55) === 2 &&
    bytes.readUInt32LE(56) * blockBytes === layout.bytes &&
    bytes.readUInt32LE(60) === blockBytes &&
    bytes.readBigUInt64LE(64) === 0n &&
    sum16(bytes.subarray(0, volumeHeaderBytes)) === 0;
  return sound ? layout : undefined;
}

function sum16(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16LE(i);
  return sum & 0xffff;
}

/** Whether flash is erased from `start` to `end`. */
export function isErased(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += erased.length) {
    const length = Math.min(erased.length, end - at);
    if (erased.compare(bytes, at, at + length, 0, length) !== 0) return false;
  }
  return true;
}

/**
 * Throws Malformed unless FTW has nothing to do at its next start: InitFtwProtocol (FtwMisc.c) finds its working block
 * valid, in it only writes that are complete and nothing behind them, and the spare area is erased.
 */
export function checkFtwIdle(bytes: Buffer, { bytes: end, work, spare }: VolumeLayout): void {
  const header = Buffer.from(bytes.subarray(work, work + workHeaderBytes));
  const state = header.readUInt8(20);
  const crc = header.readUInt32LE(16);
  header.fill(0xff, 16, 21);
  if (guidText(header.subarray(0, 16)) !== workGuid || crc32(header) !== crc || state !== workValid)
    throw new Malformed('the working block is not valid');
  if (header.readBigUInt64LE(24) !== BigInt(spare - work - workHeaderBytes))
    throw new Malformed('the working block has another size');
  let at = work + workHeaderBytes;
  while (at + writeHeaderBytes <= spare && bytes.readUInt8(at) === writeComplete) {
    const writes = Number(bytes.readBigUInt64LE(at + 24));
    const privateBytes = Number(bytes.readBigUInt64LE(at + 32));
    at += writeHeaderBytes + writes * (writeHeaderBytes + privateBytes);
  }
  if (at > spare || !isErased(bytes, at, spare)) throw new Malformed('a fault tolerant write is under way');
  if (!isErased(bytes, spare, end)) throw new Malformed('the spare area is in use');
}
