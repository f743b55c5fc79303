/** What a dynamic loader reads first of a program or library. */
export interface ElfLinks {
  /** Path of the dynamic loader: `/lib64/ld-linux-x86-64.so.2`; absent in libraries and static programs. */
  interpreter?: string;
  /** Names of the libraries it needs (DT_NEEDED), in order. */
  needed: string[];
}

const segmentLoad = 1;
const segmentDynamic = 2;
const segmentInterpreter = 3;
const tagNull = 0n;
const tagNeeded = 1n;
const tagStringTable = 5n;
const headerBytes = 64;
const segmentBytes = 56;

interface Segment {
  type: number;
  offset: number;
  address: bigint;
  size: number;
}

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file (System V ABI, chapter 5). Undefined for
 * anything else, including files that are cut short.
 */
export function readElf(data: Buffer): ElfLinks | undefined {
  if (data.length < headerBytes || data.readUInt32BE(0) !== 0x7f454c46 || data[4] !== 2 || data[5] !== 1)
    return undefined;
  try {
    const segments = readSegments(data);
    const interpreter = segments.find(({ type }) => type === segmentInterpreter);
    return {
      ...(interpreter === undefined ? {} : { interpreter: textAt(data, interpreter.offset) }),
      needed: readNeeded(data, segments),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readSegments(data: Buffer): Segment[] {
  const table = Number(data.readBigUInt64LE(32));
  const count = data.readUInt16LE(56);
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * segmentBytes;
    return {
      type: data.readUInt32LE(at),
      offset: Number(data.readBigUInt64LE(at + 8)),
      address: data.readBigUInt64LE(at + 16),
      size: Number(data.readBigUInt64LE(at + 32)),
    };
  });
}

function readNeeded(data: Buffer, segments: readonly Segment[]): string[] {
  const dynamic = segments.find(({ type }) => type === segmentDynamic);
  if (dynamic === undefined) return [];
  const names: bigint[] = [];
  let strings: bigint | undefined;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = data.readBigUInt64LE(at);
    const value = data.readBigUInt64LE(at + 8);
    if (tag === tagNull) break;
    if (tag === tagNeeded) names.push(value);
    if (tag === tagStringTable) strings = value;
  }
  if (strings === undefined) return [];
  const table = fileOffset(segments, strings);
  return names.map((name) => textAt(data, table + Number(name)));
}

/** The string table is named by its address in memory. */
function fileOffset(segments: readonly Segment[], address: bigint): number {
  const home = segments.find(
    ({ type, address: start, size }) =>
      type === segmentLoad && address >= start && address < start + BigInt(size),
  );
  if (home === undefined) throw new RangeError('address outside of every segment');
  return home.offset + Number(address - home.address);
}

function textAt(data: Buffer, offset: number): string {
  const end = data.indexOf(0, offset);
  if (offset < 0 || offset >= data.length || end < 0) throw new RangeError('text outside of the file');
  return data.toString('latin1', offset, end);
}
