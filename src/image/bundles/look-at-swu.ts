import type { ByteSource } from '../../package/archive/byte-source.ts';
import { textAt, whatItIs } from './told-apart.ts';

const headBytes = 110;
const fields = { bytes: 54, nameBytes: 94 };
const align = 4;
const trailer = 'TRAILER!!!';
const longestName = 4096;
const mostFiles = 10_000;
export const description = 'sw-description';

/**
 * Why a file is no update of SWUpdate (2024.12, doc/source/swupdate-images.rst): a cpio archive, "newc" with or without
 * checksums, whose first file is its description; undefined where nothing shows it. Contents are passed over.
 */
export async function lookAtSwu(file: ByteSource): Promise<string | undefined> {
  const magic = (await file.read(0, Math.min(6, file.bytes))).toString('latin1');
  if (magic === '070707')
    return 'it is a cpio archive in the old form ("odc"), and SWUpdate reads "newc" with checksums: cpio -o -H crc';
  if (!/^07070[12]$/.test(magic)) return `it is ${await whatItIs(file)}, and no update of SWUpdate`;
  let last = 'its beginning';
  for (let at = 0, count = 0; ; count += 1) {
    const entry = await entryAt(file, at);
    if (entry === undefined)
      return cutShort(`the file ends at byte ${file.bytes}, after ${last}, without the archive's end`);
    if (typeof entry === 'string') return `it is damaged: at byte ${at}, after ${last}, ${entry}`;
    const { name, end } = entry;
    if (name === trailer) return count === 0 ? 'it is a cpio archive without any file' : undefined;
    if (count === 0 && name !== description)
      return `its first file is ${JSON.stringify(name)}, and that of an update of SWUpdate is ${description}`;
    if (count > mostFiles) return `it has more than ${mostFiles} files`;
    if (end > file.bytes)
      return cutShort(`its file ${JSON.stringify(name)} ends at byte ${end}, the archive at ${file.bytes}`);
    last = JSON.stringify(name);
    at = aligned(end);
  }
}

/** A file of the archive and where it ends; undefined where the archive ends before, or in words what is there instead. */
async function entryAt(
  file: ByteSource,
  at: number,
): Promise<{ name: string; end: number } | string | undefined> {
  if (at + headBytes > file.bytes) return undefined;
  const head = await file.read(at, headBytes);
  const field = (offset: number) => Number.parseInt(head.toString('latin1', offset, offset + 8), 16);
  const [bytes, nameBytes] = [field(fields.bytes), field(fields.nameBytes)];
  if (!/^07070[12][\dA-Fa-f]{104}$/.test(head.toString('latin1'))) return 'there is no header of a file';
  if (nameBytes < 1 || nameBytes > longestName) return `there is a name of ${nameBytes} bytes`;
  const begins = aligned(at + headBytes + nameBytes);
  if (begins > file.bytes) return undefined;
  const name = textAt(await file.read(at + headBytes, nameBytes), 0, nameBytes);
  return { name, end: begins + bytes };
}

function cutShort(how: string): string {
  return `it is cut short: ${how}`;
}

function aligned(at: number): number {
  return Math.ceil(at / align) * align;
}
