import { textFrom } from '../text.ts';
import type { ArchiveEdit } from './archive-edit.ts';
import { ByteStream } from './byte-stream.ts';
import { Damage } from './damage.ts';
import { limits } from './limits.ts';
import { absolute, packTar } from './tar.ts';

const block = 512;

/**
 * A tar archive with some entries left out, changed, or added at its end. All others come through bit by bit, with owners, times
 * and extended attributes, because nothing of them is decoded but the name: POSIX.1-2001 ustar and pax, and GNU's long
 * names (tar manual, "Basic Tar Format"). Throws Damage.
 */
export async function* rewriteTar(
  input: AsyncIterable<Buffer>,
  { drops = () => false, changed = new Map(), added = [] }: ArchiveEdit,
): AsyncGenerator<Buffer> {
  const bytes = new ByteStream(input);
  let seconds: number | undefined;
  try {
    for (let found = await readHead(bytes); found !== undefined; found = await readHead(bytes)) {
      const { head, path, size, raw } = found;
      seconds ??= Number.parseInt(text(head, 136, 12).trim(), 8) || 0;
      const dropped = drops(path);
      const change = dropped ? undefined : changed.get(path);
      if (change?.content !== undefined) {
        if (size > limits.changedBytes)
          throw new Damage(`${JSON.stringify(path)} has ${size} bytes, too many to change`);
        const content = change.content((await bytes.take(padded(size))).subarray(0, size));
        yield Buffer.concat([
          ...raw,
          patched(head, change.mode, content.length),
          content,
          fill(content.length),
        ]);
        continue;
      }
      if (!dropped)
        yield Buffer.concat([...raw, change === undefined ? head : patched(head, change.mode, size)]);
      for await (const chunk of bytes.stream(padded(size))) if (!dropped) yield chunk;
    }
    // What follows the end of an archive is no part of it; who unpacks it checks it to its end all the same.
    await bytes.drain();
  } finally {
    await bytes.close();
  }
  const entries = added.map((entry) => ({ ...entry, path: `.${entry.path}` }));
  for await (const chunk of packTar(entries, seconds ?? 0)) yield chunk as Buffer;
}

interface Head {
  /** Absolute. */
  path: string;
  /** Of the content, in bytes. */
  size: number;
  /** The entry's own header. */
  head: Buffer;
  /** Extended headers before it. */
  raw: Buffer[];
}

async function readHead(bytes: ByteStream): Promise<Head | undefined> {
  const raw: Buffer[] = [];
  let longName: string | undefined;
  let longSize: number | undefined;
  for (;;) {
    const head = await bytes.takeOrEnd(block);
    if (head === undefined || head.every((byte) => byte === 0)) {
      if (raw.length > 0) throw new Damage('the archive ends after an extended header');
      return undefined;
    }
    if (checksum(head) !== Number.parseInt(text(head, 148, 8).trim(), 8))
      throw new Damage('not the header of a tar entry');
    const size = sizeOf(head);
    const type = text(head, 156, 1);
    if (type !== 'L' && type !== 'K' && type !== 'x' && type !== 'g') {
      const path = absolute(longName ?? nameOf(head));
      // Links and folders may give the size of what they stand for; it does not follow (pax(1), "size").
      const hasContent = !'123456'.includes(type) || type === '';
      return { path, size: hasContent ? (longSize ?? size) : 0, head, raw };
    }
    if (size > limits.changedBytes) throw new Damage(`an extended header of ${size} bytes`);
    const content = await bytes.take(padded(size));
    raw.push(head, content);
    const body = content.subarray(0, size);
    if (type === 'L') longName = text(body, 0, size);
    if (type !== 'x') continue;
    const records = paxRecords(body);
    longName = records.get('path') ?? longName;
    if (records.has('size')) longSize = Number(records.get('size'));
  }
}

/** A header with other permissions or another length. */
function patched(head: Buffer, mode: number | undefined, size: number): Buffer {
  const made = Buffer.from(head);
  if (mode !== undefined) made.write(`${mode.toString(8).padStart(7, '0')}\0`, 100, 'latin1');
  if (size !== sizeOf(head)) made.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  made.write(`${checksum(made).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return made;
}

/** The sum of a header's bytes, with blanks for the sum itself. */
function checksum(head: Buffer): number {
  let sum = 8 * 0x20;
  for (const [at, byte] of head.entries()) if (at < 148 || at >= 156) sum += byte;
  return sum;
}

function nameOf(head: Buffer): string {
  const name = text(head, 0, 100);
  // GNU's own headers (`ustar` and two blanks) have other fields where POSIX has the prefix.
  const prefix = text(head, 257, 6) === 'ustar' && head[262] === 0 ? text(head, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal digits, or GNU's base 256 where the first bit is set. */
function sizeOf(head: Buffer): number {
  const first = head[124] ?? 0;
  if (first >= 0x80) {
    const size = head.readBigUInt64BE(128);
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new Damage('an entry of more than 8192 TiB');
    return Number(size);
  }
  const digits = text(head, 124, 12).trim();
  if (!/^[0-7]*$/.test(digits)) throw new Damage('not the header of a tar entry');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts all of it (pax(1), "pax Extended Header"). */
function paxRecords(body: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < body.length; ) {
    const blank = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, Math.max(blank, at)));
    if (blank < 0 || !Number.isSafeInteger(length) || length <= blank - at) break;
    const record = body.toString('utf8', blank + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals > 0) found.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return found;
}

function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return textFrom(field.subarray(0, end < 0 ? field.length : end));
}

function padded(size: number): number {
  return Math.ceil(size / block) * block;
}

function fill(size: number): Buffer {
  return Buffer.alloc(padded(size) - size);
}
