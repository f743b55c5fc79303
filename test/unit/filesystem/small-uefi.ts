import { crc32 } from 'node:zlib';

/** Of the smaller of OVMF's two layouts. */
export const smallVolume = { bytes: 0x20000, storeEnd: 0xe000, records: 0x64, work: 0xf000, spare: 0x10000 };
const formats = {
  plain: { signature: '1636cfdd7532644198b6fe85707ffe7d', header: 32, name: 8, data: 12, guid: 16 },
  authenticated: { signature: '782cf3aa7b949a43a1802e144ec37792', header: 60, name: 36, data: 40, guid: 44 },
};
export type StoreFormat = keyof typeof formats;

/** Offsets of the fields of a record. */
export const fields = formats.authenticated;

/** An empty variable store, as OVMF's build makes it. */
export function emptyStore(format: StoreFormat = 'authenticated'): Buffer {
  const bytes = Buffer.alloc(smallVolume.bytes, 0xff);
  bytes.fill(0, 0, smallVolume.records);
  bytes.write('8d2bf1ff96768b4ca9852747075b4f50', 16, 'hex');
  bytes.writeUInt32LE(smallVolume.bytes, 32);
  bytes.write('_FVH', 40);
  bytes.writeUInt32LE(0x4feff, 44);
  bytes.writeUInt16LE(0x48, 48);
  bytes.writeUInt8(2, 55);
  bytes.writeUInt32LE(0x20, 56);
  bytes.writeUInt32LE(0x1000, 60);
  let sum = 0;
  for (let i = 0; i < 0x48; i += 2) sum += bytes.readUInt16LE(i);
  bytes.writeUInt16LE(-sum & 0xffff, 50);
  bytes.write(formats[format].signature, 0x48, 'hex');
  bytes.writeUInt32LE(smallVolume.storeEnd - 0x48, 0x58);
  bytes.write('5afe', 0x5c, 'hex');
  const { work, spare } = smallVolume;
  bytes.write('2b29589e687c7d49a0ce6500fd9f1b95', work, 'hex');
  bytes.writeBigUInt64LE(BigInt(spare - work - 32), work + 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(work, work + 32)), work + 16);
  bytes.writeUInt8(0xfe, work + 20);
  return bytes;
}

/** A variable to be set. */
export interface NewVariable {
  name: string;
  data: Buffer;
  /** First byte of an otherwise fixed GUID. */
  guid?: number;
  attributes?: number;
}

/** Where a live variable's record is, and one that it replaces. */
interface Track {
  current: number | undefined;
  inTransition: number | undefined;
}

/**
 * Changes a store as EDK2's UpdateVariable does, byte by byte as OVMF programs flash. Written from the description of
 * its steps, with a look-up of its own, so as to hold the reader to account.
 */
export class VariableFirmware {
  readonly bytes: Buffer;
  private readonly format;
  private readonly programmed: (at: number) => void;

  /** `programmed` is called after each byte. */
  constructor(
    bytes: Buffer,
    format: StoreFormat = 'authenticated',
    programmed: (at: number) => void = () => undefined,
  ) {
    this.bytes = bytes;
    this.format = formats[format];
    this.programmed = programmed;
  }

  /** What GetVariable gives. */
  get(name: string, guid = 1): Buffer | undefined {
    const at = this.find(name, guid).current;
    if (at === undefined) return undefined;
    const start = at + this.format.header + this.bytes.readUInt32LE(at + this.format.name);
    return this.bytes.subarray(start, start + this.bytes.readUInt32LE(at + this.format.data));
  }

  set({ name, data, guid = 1, attributes = 7 }: NewVariable): void {
    const { current, inTransition } = this.find(name, guid);
    if (current !== undefined) this.clear(current, 0xfe);
    const at = this.records().end;
    const { header } = this.format;
    const record = this.record({ name, data, guid, attributes });
    this.program(at, record.subarray(0, header));
    this.program(at + 2, Buffer.from([0x7f]));
    this.program(at + header, record.subarray(header));
    this.program(at + 2, Buffer.from([0x3f]));
    if (inTransition !== undefined) this.clear(inTransition, 0xfd);
    if (current !== undefined) this.clear(current, 0xfd);
  }

  remove(name: string, guid = 1): void {
    const { current, inTransition } = this.find(name, guid);
    if (inTransition !== undefined) this.clear(inTransition, 0xfd);
    if (current !== undefined) this.clear(current, 0xfd);
  }

  /** Where the records start that the firmware walks over, and where the last one ends. */
  records(): { starts: number[]; end: number } {
    const starts: number[] = [];
    let at = smallVolume.records;
    while (at < smallVolume.storeEnd && this.bytes.readUInt16LE(at) === 0x55aa) {
      starts.push(at);
      const begun = this.bytes.readUInt8(at + 2) === 0xff;
      const sizes = begun
        ? 0
        : this.bytes.readUInt32LE(at + this.format.name) + this.bytes.readUInt32LE(at + this.format.data);
      at = Math.ceil((at + this.format.header + sizes) / 4) * 4;
    }
    return { starts, end: at };
  }

  private find(name: string, guid: number): Track {
    const wanted = this.record({ name, guid, data: Buffer.alloc(0), attributes: 0 }).subarray(
      this.format.guid,
    );
    let inTransition: number | undefined;
    for (const at of this.records().starts) {
      const state = this.bytes.readUInt8(at + 2);
      const start = at + this.format.guid;
      if (!this.bytes.subarray(start, start + wanted.length).equals(wanted)) continue;
      if (state === 0x3f) return { current: at, inTransition };
      if (state === 0x3e) inTransition = at;
    }
    return { current: inTransition, inTransition: undefined };
  }

  private record({ name, data, guid, attributes }: Required<NewVariable>): Buffer {
    const text = Buffer.from(`${name}\0`, 'utf16le');
    const header = Buffer.alloc(this.format.header);
    header.writeUInt16LE(0x55aa, 0);
    header.writeUInt8(0xff, 2);
    header.writeUInt32LE(attributes, 4);
    header.writeUInt32LE(text.length, this.format.name);
    header.writeUInt32LE(data.length, this.format.data);
    header.writeUInt8(guid, this.format.guid);
    return Buffer.concat([header, text, data]);
  }

  private clear(at: number, mask: number): void {
    this.program(at + 2, Buffer.from([this.bytes.readUInt8(at + 2) & mask]));
  }

  private program(at: number, bytes: Buffer): void {
    for (const [i, byte] of bytes.entries()) {
      this.bytes.writeUInt8(byte, at + i);
      this.programmed(at + i);
    }
  }
}

/** A fault tolerant write in the queue: `state` as the last byte of its header's flags. */
export function queueWrite(bytes: Buffer, state: number): void {
  const at = smallVolume.work + 32;
  bytes.fill(0, at, at + 80);
  bytes.writeUInt8(state, at);
  bytes.writeBigUInt64LE(1n, at + 24);
}
