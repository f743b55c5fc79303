import { Readable } from 'node:stream';
import { extract, pack } from 'tar-stream';
import { messageOf } from '../../core/errors.ts';
import { textFrom } from '../text.ts';
import { Damage } from './damage.ts';
import { limits } from './limits.ts';

/** What there may be in a package. A `link` is a hard link to an earlier path. */
const fileTypes = [
  'file',
  'directory',
  'symlink',
  'link',
  'character-device',
  'block-device',
  'fifo',
] as const;
type FileType = (typeof fileTypes)[number];

/** One entry of a tar archive. */
export interface TarEntry {
  /** Absolute, without `.` and a closing slash: `/etc/fstab`; the root itself is `/`. */
  path: string;
  type: FileType;
  /** Permission bits. */
  mode: number;
  uid: number;
  gid: number;
  /** Names of the two, where the archive has them. */
  user?: string;
  group?: string;
  /** Of its content. */
  bytes: number;
  /** Of a symlink or a link, as it stands in the archive. */
  target?: string;
}

/** `allowUnknownFormat`: also the tar of Unix version 7, which has no magic. Names come byte for byte. */
const tolerant = { allowUnknownFormat: true, highWaterMark: 1 << 16, filenameEncoding: 'latin1' } as const;

/**
 * The entries of a tar archive (POSIX ustar and pax, GNU, v7), each with its content, which is skipped where it is
 * not read before the next entry. Throws Damage; what `input` throws is passed on.
 */
export async function* readTar(
  input: AsyncIterable<Buffer>,
): AsyncGenerator<TarEntry & { content: AsyncIterable<Buffer> }> {
  const archive = extract(tolerant);
  const source = Readable.from(input);
  let sourceError: Error | undefined;
  source.on('error', (error) => {
    sourceError = error;
    archive.destroy(error);
  });
  source.pipe(archive);
  let last = 'the beginning';
  let count = 0;
  const reason = (error: unknown): Error => {
    if (sourceError !== undefined) return sourceError;
    return error instanceof Damage
      ? error
      : new Damage(`after ${last}: ${messageOf(error)}`, { cause: error });
  };
  try {
    for await (const entry of archive) {
      if (++count > limits.entries) throw new Damage(`more than ${limits.entries} entries`);
      const { type, mode, uid, gid, uname, gname, size, pax } = entry.header;
      const name = paxText(pax, 'path') ?? textFrom(Buffer.from(entry.header.name, 'latin1'));
      const linkname =
        paxText(pax, 'linkpath') ?? textFrom(Buffer.from(entry.header.linkname || '', 'latin1'));
      const path = absolute(name);
      last = JSON.stringify(path);
      if (type === 'link') checkLink(path, linkname);
      const target = linkname === '' ? {} : { target: linkname };
      const names = { ...(uname && { user: uname }), ...(gname && { group: gname }) };
      const owner = { uid: whole(uid), gid: whole(gid), ...names };
      const facts = { path, type: typeOf(type, path), mode: mode & 0o7777, ...owner, bytes: whole(size) };
      yield { ...facts, ...target, content: told(entry, reason) };
      entry.resume();
    }
  } catch (error) {
    throw reason(error);
  } finally {
    source.destroy();
    archive.destroy();
  }
}

/** Whoever reads an entry's content learns first that the archive is damaged. */
async function* told(
  content: AsyncIterable<unknown>,
  reason: (error: unknown) => Error,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of content) yield chunk as Buffer;
  } catch (error) {
    throw reason(error);
  }
}

function typeOf(type: unknown, path: string): FileType {
  const known = type === 'contiguous-file' ? 'file' : fileTypes.find((name) => name === type);
  if (known !== undefined) return known;
  throw new Damage(`${JSON.stringify(path)} is of a kind that no package has`);
}

/** Numbers that cannot be read come as null or NaN, whatever the types say. */
function whole(value: number): number {
  return Number.isSafeInteger(value) ? value : 0;
}

/** What an extended header says, which is UTF-8. */
function paxText(pax: unknown, key: string): string | undefined {
  const value: unknown = typeof pax === 'object' && pax !== null ? Reflect.get(pax, key) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Throws Damage where a hard link leads out: it stands for a file of the same package. */
function checkLink(path: string, target: string): void {
  const parts = target.split('/');
  if (parts.includes('..') || target.includes('\0'))
    throw new Damage(
      `${JSON.stringify(path)} is a hard link to ${JSON.stringify(target)}, which leads out of the package`,
    );
}

/** The path that `./usr/bin/`, `usr/bin` and `/usr/bin` all mean. Throws Damage where it leads out. */
export function absolute(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.includes('\0'))
    throw new Damage(`the path ${JSON.stringify(name)} leads out of the package`);
  return `/${parts.join('/')}`;
}

/** What goes into a tar archive that is written; everything belongs to root. */
export type NewTarEntry = { path: string } & (
  | { type: 'file'; mode: number; content: Buffer }
  | { type: 'directory'; mode: number }
  | { type: 'symlink'; target: string }
);

/** Another name of a file that stands before it, with its mode. */
export interface NewTarLink {
  path: string;
  type: 'link';
  mode: number;
  target: string;
}

/** A POSIX tar archive whose bytes depend on the entries, their order and the time only. Paths stand as they are given. */
export function packTar(entries: Iterable<NewTarEntry | NewTarLink>, seconds: number): Readable {
  const archive = pack();
  const mtime = new Date(seconds * 1000);
  for (const entry of entries) {
    const common = { name: entry.path, mtime, uid: 0, gid: 0, uname: 'root', gname: 'root' };
    // tar-stream takes mode 0 for none given; it leaves the bit out that is set here.
    const sink =
      entry.type === 'file'
        ? archive.entry({ ...common, mode: entry.mode | 0o100000, type: 'file' }, entry.content)
        : entry.type === 'directory'
          ? archive.entry({ ...common, mode: entry.mode | 0o100000, type: 'directory' })
          : archive.entry({
              ...common,
              mode: entry.type === 'link' ? entry.mode | 0o100000 : 0o777,
              type: entry.type,
              linkname: entry.target,
            });
    // An archive that is given up, as on a full disk, gives up its entries; whoever writes it is told why.
    sink.on('error', () => undefined);
  }
  archive.finalize();
  return Readable.from(archive);
}
