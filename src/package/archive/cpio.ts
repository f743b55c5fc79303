import { textFrom } from '../text.ts';
import { ByteStream } from './byte-stream.ts';
import { Damage } from './damage.ts';
import { limits } from './limits.ts';

/** The fields of a file in a cpio archive that anyone reads. */
export interface CpioFile {
  /** As it stands in the archive: `./etc/motd`. */
  name: string;
  inode: number;
  /** With the bits of the file's type. */
  mode: number;
  links: number;
  /** Since 1970. */
  seconds: number;
  /** Of its content. */
  bytes: number;
  /** What `cpioSum` gives for its content, in an archive with checksums; such an archive has one of each file. */
  sum?: number;
}

/** A file of a "stripped" archive: its place in the list of an rpm's header, which says all else. */
interface StrippedFile {
  index: number;
  bytes: number;
}

/** An entry of an archive with all that stands before its content. */
export type CpioEntry = (CpioFile | StrippedFile) & { head: Buffer };

const align = 4;
const headBytes = 110;
const strippedBytes = 14;
const stripped = '07070X';
const trailer = 'TRAILER!!!';
const longestName = 4096;

/**
 * The files of a cpio archive, "newc" without or with checksums (Linux
 * Documentation/driver-api/early-userspace/buffer-format.rst) or rpm's own, `07070X` (rpm 4.18,
 * docs/manual/format.md, and lib/cpio.c), whose files have the sizes that `sizeOf` gives. Each content must be read whole
 * before the next file is asked for, or not at all. Throws Damage.
 */
export async function* readCpio(
  input: AsyncIterable<Buffer>,
  sizeOf: (index: number) => number,
): AsyncGenerator<CpioEntry & { content: AsyncIterable<Buffer> }> {
  const bytes = new ByteStream(input);
  let count = 0;
  try {
    for (;;) {
      const entry = await readHead(bytes, sizeOf);
      if (entry === undefined) break;
      if (++count > limits.entries) throw new Damage(`more than ${limits.entries} files`);
      const content = bytes.stream(entry.bytes);
      yield { ...entry, content };
      while ((await content.next()).done !== true);
      await bytes.take(padding(entry.bytes));
    }
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

async function readHead(
  bytes: ByteStream,
  sizeOf: (index: number) => number,
): Promise<CpioEntry | undefined> {
  const magic = await bytes.take(6);
  if (magic.toString('latin1') === stripped) {
    const rest = await bytes.take(strippedBytes - 6 + padding(strippedBytes));
    const index = hex(rest, 0);
    return { index, bytes: sizeOf(index), head: Buffer.concat([magic, rest]) };
  }
  if (!/^07070[12]$/.test(magic.toString('latin1'))) throw new Damage('not the header of a cpio entry');
  const rest = await bytes.take(headBytes - 6);
  const field = (index: number) => hex(rest, index * 8);
  const nameBytes = field(11);
  if (nameBytes < 1 || nameBytes > longestName) throw new Damage(`a name of ${nameBytes} bytes`);
  const name = await bytes.take(nameBytes + padding(headBytes + nameBytes));
  const text = textFrom(name.subarray(0, nameBytes - 1));
  if (text === trailer) return undefined;
  const about = { inode: field(0), mode: field(1), links: field(4), seconds: field(5), bytes: field(6) };
  return { name: text, ...about, head: Buffer.concat([magic, rest, name]) };
}

function hex(bytes: Buffer, at: number): number {
  const digits = bytes.toString('latin1', at, at + 8);
  if (!/^[0-9a-fA-F]{8}$/.test(digits)) throw new Damage('not the header of a cpio entry');
  return Number.parseInt(digits, 16);
}

/** What stands before the content of a file of a "newc" archive; everything belongs to root. */
export function cpioHead({ name, inode, mode, links, seconds, bytes, sum }: CpioFile): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = [inode, mode, 0, 0, links, seconds, bytes, 0, 0, 0, 0, nameBytes.length, sum ?? 0];
  const magic = sum === undefined ? '070701' : '070702';
  const head = Buffer.from(`${magic}${fields.map(hexField).join('')}`, 'latin1');
  return Buffer.concat([head, nameBytes, Buffer.alloc(padding(headBytes + nameBytes.length))]);
}

/** What stands before the content of a file of a "stripped" archive. */
export function strippedHead(index: number): Buffer {
  return Buffer.from(`${stripped}${hexField(index)}${'\0'.repeat(padding(strippedBytes))}`, 'latin1');
}

/** A head of `readCpio` for another content or other permissions; its other fields stay. */
export function changedHead(head: Buffer, bytes: number, permissions: number | undefined): Buffer {
  const made = Buffer.from(head);
  const mode = hex(head, 14);
  if (permissions !== undefined) made.write(hexField((mode & ~0o7777) | permissions), 14, 'latin1');
  made.write(hexField(bytes), 54, 'latin1');
  // The sum of a "newc" archive with checksums would no longer fit.
  made.write('070701', 0, 'latin1');
  made.write(hexField(0), 102, 'latin1');
  return made;
}

/** The checksum of a file in a "newc" archive with checksums: the sum of its bytes, in 32 bits. */
export function cpioSum(content: Uint8Array): number {
  let sum = 0;
  for (const byte of content) sum = (sum + byte) >>> 0;
  return sum;
}

/** The end of an archive, of one with checksums where that is said. */
export function cpioTrailer({ sums = false } = {}): Buffer {
  const end = { name: trailer, inode: 0, mode: 0, links: 1, seconds: 0, bytes: 0 };
  return cpioHead(sums ? { ...end, sum: 0 } : end);
}

/** What follows a content of this length. */
export function cpioPadding(bytes: number): Buffer {
  return Buffer.alloc(padding(bytes));
}

function hexField(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function padding(bytes: number): number {
  return -bytes & (align - 1);
}
