import { type ByteSource, chunks } from './byte-source.ts';
import { Damage } from './damage.ts';
import { limits } from './limits.ts';

/** A file in an archive. */
interface Member {
  /** As the archive has it, but for the `/` that GNU ar puts at its end. */
  name: string;
  /** Where its content lies in the file, for messages. */
  offset: number;
  content: AsyncIterable<Buffer>;
}

const magic = '!<arch>\n';
const headerBytes = 60;
const headerEnd = '`\n';
const mostTableBytes = 1 << 16;

/** Whether a file begins as an ar archive does. */
export function isAr(start: Buffer): boolean {
  return start.toString('latin1', 0, magic.length) === magic;
}

/**
 * The members of an ar archive in order: the common format of deb(5) and ar(5), with GNU's long names (binutils,
 * bfd/archive.c: a member `//` holds them, `/OFFSET` refers into it). Symbol tables are left out. Throws Damage.
 */
export async function* readAr(source: ByteSource): AsyncGenerator<Member> {
  if (source.bytes < magic.length || !isAr(await source.read(0, magic.length)))
    throw new Damage('byte 0: not an ar archive');
  let longNames: Buffer | undefined;
  let count = 0;
  for (let at = magic.length; at < source.bytes; ) {
    if (at + headerBytes > source.bytes)
      throw new Damage(`byte ${at}: the file ends within the header of a member`);
    if (++count > limits.members) throw new Damage(`byte ${at}: more than ${limits.members} members`);
    const { field, bytes } = header(await source.read(at, headerBytes), at);
    const offset = at + headerBytes;
    if (offset + bytes > source.bytes)
      throw new Damage(
        `byte ${at}: member ${JSON.stringify(bare(field))} says ${bytes} bytes, but only ${source.bytes - offset} are left`,
      );
    if (field === '//') {
      if (bytes > mostTableBytes) throw new Damage(`byte ${at}: a table of names with ${bytes} bytes`);
      longNames = await source.read(offset, bytes);
    } else if (field !== '/' && field !== '/SYM64/') {
      yield { name: nameOf(field, longNames, at), offset, content: chunks(source, offset, bytes) };
    }
    at = offset + bytes + (bytes % 2);
  }
}

function header(bytes: Buffer, at: number): { field: string; bytes: number } {
  const text = bytes.toString('latin1');
  const size = text.slice(48, 58).trimEnd();
  if (text.slice(58) !== headerEnd || !/^\d+$/.test(size))
    throw new Damage(`byte ${at}: not the header of an ar member`);
  return { field: text.slice(0, 16).trimEnd(), bytes: Number(size) };
}

function nameOf(field: string, longNames: Buffer | undefined, at: number): string {
  const reference = /^\/(\d+)$/.exec(field)?.[1];
  if (reference === undefined) return bare(field);
  const start = Number(reference);
  const end = longNames?.indexOf('/\n', start) ?? -1;
  if (longNames === undefined || end < start)
    throw new Damage(`byte ${at}: no name ${field} in the table of names`);
  return longNames.toString('latin1', start, end);
}

function bare(field: string): string {
  return field.replace(/(?<=.)\/$/, '');
}

/** An ar archive; everything but names, contents and the time is fixed. Names have at most 16 characters. */
export function writeAr(members: readonly { name: string; content: Buffer }[], seconds: number): Buffer {
  const parts: Buffer[] = [arStart];
  for (const { name, content } of members) {
    parts.push(arHeader(name, content.length, seconds), content);
    if (content.length % 2 === 1) parts.push(arPadding);
  }
  return Buffer.concat(parts);
}

/** What an ar archive begins with. */
export const arStart = Buffer.from(magic);

/** What follows a member with an odd number of bytes. */
export const arPadding = Buffer.from('\n');

/** What stands before the content of a member. Throws Damage for a name that is longer than 16 characters or has blanks. */
export function arHeader(name: string, bytes: number, seconds: number): Buffer {
  if (!/^[\x21-\x7e]{1,16}$/.test(name))
    throw new Damage(`the member ${JSON.stringify(name)} has a name that cannot be written`);
  const fields = [name.padEnd(16), String(seconds).padEnd(12), '0     0     100644  '];
  return Buffer.from(`${fields.join('')}${String(bytes).padEnd(10)}${headerEnd}`);
}
