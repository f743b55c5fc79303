import { isAr, readAr } from '../archive/ar.ts';
import { type ByteSource, chunks } from '../archive/byte-source.ts';
import { decompress } from '../archive/compression.ts';
import { Damage } from '../archive/damage.ts';
import { limits } from '../archive/limits.ts';
import { readTar } from '../archive/tar.ts';

/** A part of a package file, such as `control.tar.gz`. */
interface PackageMember {
  /** Bare: `./control.tar.gz` and `control.tar.gz/` are `control.tar.gz`. */
  name: string;
  /** For messages: its name, and the byte of the file where its content begins if that can be said. */
  where: string;
  content: AsyncIterable<Buffer>;
}

/**
 * The members of a package file: of an ar archive (deb(5)), or of the gzipped tar that older ipks are. Each content
 * must be read before the next member is asked for, or is skipped. Throws Damage.
 */
export async function* readMembers(source: ByteSource, signal?: AbortSignal): AsyncGenerator<PackageMember> {
  const start = await source.read(0, Math.min(source.bytes, 8));
  if (isAr(start)) {
    for await (const member of readAr(source)) {
      const name = member.name.replace(/^\.\//, '');
      yield { name, where: `${name} (at byte ${member.offset})`, content: member.content };
    }
    return;
  }
  if (start[0] !== 0x1f || start[1] !== 0x8b) throw new Damage(`byte 0: ${whatElse(start)}`);
  const tar = decompress('gz', chunks(source), limits.dataBytes, signal);
  for await (const { path, type, content } of readTar(tar)) {
    const name = path.slice(1);
    if (type === 'file') yield { name, where: name, content };
  }
}

/** Whether a member is the tar of this name, however compressed. */
export function isTar(name: string, what: 'control' | 'data'): boolean {
  return name === `${what}.tar` || name.startsWith(`${what}.tar.`);
}

/** The first bytes of files that are taken for packages by mistake. */
const known: readonly [hex: string, what: string][] = [
  ['edabeedb', 'an RPM package'],
  ['213c7468696e3e', 'a thin ar archive, which has its members in other files'],
  ['fd377a585a00', 'bare xz data'],
  ['28b52ffd', 'bare zstd data'],
  ['504b0304', 'a zip archive'],
  ['3c', 'text, perhaps the error page of a web server'],
];

function whatElse(start: Buffer): string {
  const hex = start.toString('hex');
  const other = start.length === 0 ? 'nothing: the file is empty' : 'something else';
  const found = known.find(([magic]) => hex.startsWith(magic))?.[1] ?? other;
  return `expected an ar archive or a gzipped tar, found ${found}`;
}
