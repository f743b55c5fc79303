import { Damage } from '../archive/damage.ts';
import { limits } from '../archive/limits.ts';
import { textFrom } from '../text.ts';

/** What a tag's values are (rpm 4.18, docs/manual/format.md, "The Header Structure"). */
export const valueTypes = {
  char: 1,
  int8: 2,
  int16: 3,
  int32: 4,
  int64: 5,
  string: 6,
  bin: 7,
  strings: 8,
  i18n: 9,
} as const;
type ValueType = (typeof valueTypes)[keyof typeof valueTypes];

/** The value of a tag, undecoded, so that what is not changed comes through bit by bit. */
export interface HeaderEntry {
  type: ValueType;
  /** How many values. */
  count: number;
  /** As in the file: whole numbers with the highest byte first, texts each ended by a 0. */
  data: Buffer;
}

/** A header: values by the numbers of their tags. */
export type RpmHeader = ReadonlyMap<number, HeaderEntry>;

/** What a header begins with, before the number of its entries and of its bytes. */
export const magic = Buffer.from([0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0]);
export const introBytes = 16;
const entryBytes = 16;
/** rpm's own bound (lib/header.c, `HEADER_TAGS_MAX`). */
const mostEntries = 0xffff;
/** Of the tags that enclose others: 61 is what old signatures call their region. */
const regionTags: readonly number[] = [61, 62, 63];
const sizes: Partial<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1 };

/** The length of a whole header, by its first 16 bytes. Throws Damage, also where it has more data than `limit`. */
export function headerLength(intro: Buffer, limit: number): number {
  if (!intro.subarray(0, magic.length).equals(magic)) throw new Damage('not a header of version 1');
  const [entries, bytes] = [intro.readUInt32BE(8), intro.readUInt32BE(12)];
  if (entries > mostEntries) throw new Damage(`a header of ${entries} tags`);
  if (bytes > limit) throw new Damage(`a header of ${bytes} bytes`);
  return introBytes + entries * entryBytes + bytes;
}

/**
 * Reads a header that is there whole. As rpm does, it takes no data that overlap, are not aligned or lead out, and in a
 * package's header no entries behind the region; those of a signature are what was added to it later, such as signatures
 * of files (lib/header.c, `hdrblobVerifyInfo` and `hdrblobVerifyRegion`). The region's own entry is left out. Throws
 * Damage.
 */
export function parseHeader(bytes: Buffer, of: 'signature' | 'package' = 'package'): RpmHeader {
  const count = bytes.readUInt32BE(8);
  const data = bytes.subarray(introBytes + count * entryBytes);
  const found = new Map<number, HeaderEntry>();
  let end = 0;
  for (let i = 0; i < count; i++) {
    const at = introBytes + i * entryBytes;
    const [tag, type, offset, values] = [0, 4, 8, 12].map((field) => bytes.readUInt32BE(at + field)) as Four;
    const fail = (what: string) => new Damage(`tag ${tag}: ${what}`);
    if (i === 0 && regionTags.includes(tag)) {
      checkRegion(data, { type, offset, count: values }, count, of === 'package');
      continue;
    }
    if (tag < 100) throw fail('a tag that no package has');
    if (found.has(tag)) throw fail('for the second time');
    if (!isType(type)) throw fail(`of the unknown type ${type}`);
    if (values > limits.entries && type !== valueTypes.bin) throw fail(`${values} values`);
    if (offset < end || offset % (sizes[type] ?? 1) !== 0) throw fail(`its data cannot be at ${offset}`);
    const value = {
      type,
      count: values,
      data: data.subarray(offset, offset + lengthOf(type, values, data, offset)),
    };
    if (value.data.length === 0) throw fail(`${values} values at ${offset} are not in the header`);
    found.set(tag, value);
    end = offset + value.data.length;
  }
  return found;
}

/** Whether a header has a region around it; those that rpm 3 wrote have none. */
export function hasRegion(bytes: Buffer): boolean {
  return bytes.length >= introBytes + entryBytes && regionTags.includes(bytes.readUInt32BE(introBytes));
}

type Four = [number, number, number, number];

function isType(type: number): type is ValueType {
  return type >= valueTypes.char && type <= valueTypes.i18n;
}

/** The trailer of a region is an entry of the index among the data, with the index's length as its negative offset. */
function checkRegion(
  data: Buffer,
  { type, offset, count }: { type: number; offset: number; count: number },
  entries: number,
  isExact: boolean,
): void {
  const isThere = type === valueTypes.bin && count === entryBytes && offset + entryBytes <= data.length;
  const enclosed = isThere ? -data.readInt32BE(offset + 8) / entryBytes : 0;
  const isRight = Number.isInteger(enclosed) && enclosed > 0 && enclosed <= entries;
  if (!isRight || (isExact && enclosed !== entries))
    throw new Damage('the region does not enclose the header');
}

/** The bytes of an entry's data; 0 where they lead out of the header. */
function lengthOf(type: ValueType, count: number, data: Buffer, offset: number): number {
  const size = sizes[type];
  if (size !== undefined) return offset + size * count <= data.length ? size * count : 0;
  if (type === valueTypes.string && count !== 1) return 0;
  let at = offset;
  for (let left = count; left > 0; left--) {
    const end = data.indexOf(0, at);
    if (end < 0) return 0;
    at = end + 1;
  }
  return at - offset;
}

/** A header as bytes, enclosed by a region of this tag, as rpm writes it: entries in the order of their tags. */
export function encodeHeader(header: RpmHeader, regionTag: number): Buffer {
  const entries = [...header].sort(([a], [b]) => a - b);
  const index = Buffer.alloc(introBytes + (entries.length + 1) * entryBytes);
  const parts: Buffer[] = [];
  let offset = 0;
  for (const [i, [tag, { type, count, data }]] of entries.entries()) {
    const padding = -offset & ((sizes[type] ?? 1) - 1);
    parts.push(Buffer.alloc(padding), data);
    offset += padding;
    writeEntry(index, introBytes + (i + 1) * entryBytes, [tag, type, offset, count]);
    offset += data.length;
  }
  const trailer = Buffer.alloc(entryBytes);
  writeEntry(trailer, 0, [regionTag, valueTypes.bin, -(index.length - introBytes) >>> 0, entryBytes]);
  writeEntry(index, introBytes, [regionTag, valueTypes.bin, offset, entryBytes]);
  magic.copy(index);
  index.writeUInt32BE(entries.length + 1, 8);
  index.writeUInt32BE(offset + entryBytes, 12);
  return Buffer.concat([index, ...parts, trailer]);
}

function writeEntry(to: Buffer, at: number, fields: Four): void {
  for (const [i, value] of fields.entries()) to.writeUInt32BE(value, at + 4 * i);
}

/** Each value of an entry as bytes, texts without the 0 at their end. */
export function elements({ type, count, data }: HeaderEntry): Buffer[] {
  const size = sizes[type];
  if (size !== undefined)
    return Array.from({ length: count }, (_, i) => data.subarray(i * size, (i + 1) * size));
  const found: Buffer[] = [];
  for (let at = 0; found.length < count; ) {
    const end = data.indexOf(0, at);
    found.push(data.subarray(at, end));
    at = end + 1;
  }
  return found;
}

const nothing = Buffer.from([0]);

/** An entry of the values that `elements` gives. */
export function fromElements(type: ValueType, values: readonly Buffer[]): HeaderEntry {
  const data = sizes[type] === undefined ? values.flatMap((one) => [one, nothing]) : [...values];
  return { type, count: values.length, data: Buffer.concat(data) };
}

/** A tag's texts as bytes; none where the header does not have it. Throws Damage where it has numbers. */
export function textBytesOf(header: RpmHeader, tag: number): Buffer[] {
  const entry = header.get(tag);
  if (entry === undefined) return [];
  if (sizes[entry.type] !== undefined) throw new Damage(`tag ${tag}: not text`);
  return elements(entry);
}

/** A tag's texts, as `textBytesOf`. */
export function textsOf(header: RpmHeader, tag: number): string[] {
  return textBytesOf(header, tag).map(textFrom);
}

/** The text of a tag, of several the first, which is the one that is not translated. */
export function textOf(header: RpmHeader, tag: number): string | undefined {
  return textsOf(header, tag)[0];
}

/** A tag's whole numbers; none where the header does not have it. Throws Damage where it has something else. */
export function numbersOf(header: RpmHeader, tag: number): number[] {
  const entry = header.get(tag);
  if (entry === undefined) return [];
  const size = sizes[entry.type];
  if (size === undefined || entry.type === valueTypes.bin) throw new Damage(`tag ${tag}: not numbers`);
  return elements(entry).map((one) => {
    const value = size === 8 ? Number(one.readBigUInt64BE()) : one.readUIntBE(0, size);
    if (!Number.isSafeInteger(value)) throw new Damage(`tag ${tag}: a number of more than 53 bits`);
    return value;
  });
}

/** An entry of one text. */
export function textEntry(value: string): HeaderEntry {
  return fromElements(valueTypes.string, [Buffer.from(value)]);
}

/** An entry of texts; `i18n`: for a tag that may have translations. */
export function textsEntry(values: readonly string[], type: 'strings' | 'i18n' = 'strings'): HeaderEntry {
  return fromElements(
    valueTypes[type],
    values.map((value) => Buffer.from(value)),
  );
}

/** An entry of numbers without a sign. */
export function numbersEntry(type: 'int16' | 'int32' | 'int64', values: readonly number[]): HeaderEntry {
  return fromElements(
    valueTypes[type],
    values.map((value) => numberBytes(valueTypes[type], value)),
  );
}

/** A number as an element of this type. */
export function numberBytes(type: ValueType, value: number): Buffer {
  const bytes = Buffer.alloc(sizes[type] ?? 0);
  if (bytes.length === 8) bytes.writeBigUInt64BE(BigInt(value));
  else bytes.writeUIntBE(value, 0, bytes.length);
  return bytes;
}
