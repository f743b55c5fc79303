import type { ByteSource } from '../../package/archive/byte-source.ts';
import { textAt, whatItIs } from './told-apart.ts';

const block = 512;
const size = { offset: 124, length: 12 };
const magic = { offset: 257, text: 'ustar' };
/** More than a version file has. */
const mostVersionBytes = 1024;
const mostFiles = 10_000;

/**
 * Why a file is no Mender Artifact (mender-artifact 3.9, Documentation/artifact-format-v3.md): a tar archive whose first file is
 * `version`, followed by a manifest, a header, and the data; undefined where nothing shows it. Contents are passed over.
 */
export async function lookAtMender(file: ByteSource): Promise<string | undefined> {
  const first = file.bytes < block ? undefined : await file.read(0, block);
  if (first === undefined || !isHeader(first))
    return `it is ${await whatItIs(file)}, and no artifact of Mender`;
  if (textAt(first, 0) !== 'version')
    return `it is a tar archive whose first file is ${JSON.stringify(textAt(first, 0))}, and that of an artifact of Mender is version`;
  const names: string[] = [];
  for (let at = 0; ; ) {
    const last = names.length === 0 ? 'its beginning' : JSON.stringify(names.at(-1));
    if (at + block > file.bytes)
      return cutShort(`the file ends at byte ${file.bytes}, after ${last}, without the archive's end`);
    const head = await file.read(at, block);
    if (head.every((byte) => byte === 0)) break;
    const bytes = sizeIn(head);
    if (!isHeader(head) || bytes === undefined)
      return `it is damaged: at byte ${at}, after ${last}, there is no header of a file`;
    const name = textAt(head, 0);
    names.push(name);
    if (names.length > mostFiles) return `it has more than ${mostFiles} files`;
    const end = at + block + bytes;
    if (end > file.bytes)
      return cutShort(`its file ${JSON.stringify(name)} ends at byte ${end}, the archive at ${file.bytes}`);
    if (at === 0) {
      const wrong = await versionFault(file, bytes);
      if (wrong !== undefined) return wrong;
    }
    at = Math.ceil(end / block) * block;
  }
  const missing = ['manifest', 'header.tar', 'data/'].find(
    (part) => !names.some((name) => name.startsWith(part)),
  );
  return missing === undefined
    ? undefined
    : `it is no whole artifact of Mender: there is no ${missing} in it`;
}

async function versionFault(file: ByteSource, bytes: number): Promise<string | undefined> {
  const text = (await file.read(block, Math.min(bytes, mostVersionBytes))).toString();
  return /"format"\s*:\s*"mender"/.test(text)
    ? undefined
    : `its file version says ${JSON.stringify(text.slice(0, 60))}, and that of an artifact of Mender has "format":"mender"`;
}

function isHeader(head: Buffer): boolean {
  return head.toString('latin1', magic.offset, magic.offset + magic.text.length) === magic.text;
}

/** In octal digits, or in binary where that is too short (GNU tar, POSIX). */
function sizeIn(head: Buffer): number | undefined {
  const field = head.subarray(size.offset, size.offset + size.length);
  if ((field[0] ?? 0) === 0x80) return Number(field.readBigUInt64BE(size.length - 8));
  const digits = textAt(field, 0, size.length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

function cutShort(how: string): string {
  return `it is cut short: ${how}`;
}
