import { Damage } from '../archive/damage.ts';
import type { SqlitePages } from './sqlite-pages.ts';

/** A row's columns: texts and blobs; numbers as what they are; null. */
export type Row = (Buffer | number | null)[];

const schemaPage = 1;
const [interior, leaf] = [0x05, 0x0d];

/** The rows of a table, by its name; undefined where there is no such table. Throws Damage. */
export function rowsOf(pages: SqlitePages, table: string): Row[] | undefined {
  const root = rowsFrom(pages, schemaPage).find(
    ([type, name]) => textOf(type) === 'table' && textOf(name) === table,
  )?.[3];
  return typeof root === 'number' ? rowsFrom(pages, root) : undefined;
}

function textOf(value: Row[number] | undefined): string | undefined {
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}

/** All rows of the tree of a table (section 1.6 of SQLite's file format). */
function rowsFrom(pages: SqlitePages, root: number): Row[] {
  const rows: Row[] = [];
  const seen = new Set<number>();
  let left = pages.storedBytes;
  // Rows that share bytes are damage, and could be made to fill any memory.
  const payload = (page: Buffer, at: number) => {
    const [length] = numberAt(page, at);
    left -= length;
    if (left < 0) throw new Damage('its rows are more than it has bytes');
    return payloadOf(pages, page, at);
  };
  const open = [root];
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    if (seen.has(number)) throw new Damage(`page ${number} is there twice`);
    seen.add(number);
    const page = pages.page(number);
    const head = number === schemaPage ? 100 : 0;
    const kind = page.readUInt8(head);
    if (kind !== leaf && kind !== interior) throw new Damage(`page ${number} is not of a table`);
    const cells = cellsOf(page, head, kind === leaf ? 8 : 12);
    if (kind === leaf) rows.push(...cells.map((at) => rowOf(payload(page, at))));
    else open.push(page.readUInt32BE(head + 8), ...cells.map((at) => page.readUInt32BE(at)).reverse());
  }
  return rows;
}

/** Where the cells of a page begin. */
function cellsOf(page: Buffer, head: number, headBytes: number): number[] {
  const count = page.readUInt16BE(head + 3);
  const first = head + headBytes;
  if (first + 2 * count > page.length) throw new Damage(`a page of ${count} cells`);
  const cells = Array.from({ length: count }, (_, i) => page.readUInt16BE(first + 2 * i));
  if (cells.some((at) => at + 4 > page.length)) throw new Damage('a cell that leads out of its page');
  return cells;
}

/** The bytes of a row, of which a long one has the most in a chain of other pages. */
function payloadOf(pages: SqlitePages, page: Buffer, at: number): Buffer {
  const { usable } = pages;
  const [length, rowAt] = numberAt(page, at);
  const [, begin] = numberAt(page, rowAt);
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const wanted = least + ((length - least) % (usable - 4));
  const local = length <= usable - 35 ? length : wanted <= usable - 35 ? wanted : least;
  const parts = [page.subarray(begin, begin + local)];
  let left = length - local;
  let next = left > 0 ? page.readUInt32BE(begin + local) : 0;
  while (left > 0) {
    const more = pages.page(next);
    const part = more.subarray(4, 4 + Math.min(left, usable - 4));
    parts.push(part);
    left -= part.length;
    next = more.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

/** Bytes of whole numbers by their type. */
const numberBytes: readonly number[] = [0, 1, 2, 3, 4, 6, 8];

/** A row's columns (section 2.1); floating-point numbers are read as null. */
function rowOf(payload: Buffer): Row {
  const [headBytes, first] = numberAt(payload, 0);
  const row: Row = [];
  let at = headBytes;
  for (let typeAt = first; typeAt < headBytes; ) {
    const [type, next] = numberAt(payload, typeAt);
    typeAt = next;
    const bytes = type >= 12 ? (type - 12) >> 1 : type === 7 ? 8 : (numberBytes[type] ?? 0);
    if (at + bytes > payload.length) throw new Damage('a column that leads out of its row');
    const value = payload.subarray(at, at + bytes);
    at += bytes;
    if (type >= 12) row.push(value);
    else if (type === 8 || type === 9) row.push(type - 8);
    else if (type === 0 || type > 6) row.push(null);
    else row.push(bytes > 6 ? Number(value.readBigInt64BE()) : value.readIntBE(0, bytes));
  }
  return row;
}

/** A number of one to nine bytes, and where what follows begins (section 1.6, "varint"). */
function numberAt(bytes: Buffer, at: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = byteAt(bytes, at + i);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + i + 1];
  }
  return [value * 256 + byteAt(bytes, at + 8), at + 9];
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Damage('a number that leads out of its page');
  return byte;
}
