import type { ArchiveEdit } from '../archive/archive-edit.ts';
import { collect } from '../archive/byte-source.ts';
import {
  type CpioEntry,
  changedHead,
  cpioHead,
  cpioPadding,
  cpioTrailer,
  readCpio,
  strippedHead,
} from '../archive/cpio.ts';
import { Damage, within } from '../archive/damage.ts';
import { limits } from '../archive/limits.ts';
import { absolute, type NewTarEntry } from '../archive/tar.ts';
import { directoryBits, linkBits, type RpmListedFile, regularBits, typeBits } from './files.ts';
import { fileFlags } from './tags.ts';

/** A file of a payload, found in the header. */
export interface PayloadFile {
  listed: RpmListedFile;
  entry: CpioEntry;
  content: AsyncIterable<Buffer>;
}

/**
 * The files of an rpm's unpacked payload: those that its header lists, each once and with the same size, but for ghosts.
 * Throws Damage.
 */
export async function* payloadFiles(
  archive: AsyncIterable<Buffer>,
  files: readonly RpmListedFile[],
): AsyncGenerator<PayloadFile> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const missing = new Set(
    files.filter(({ flags }) => (flags & fileFlags.ghost) === 0).map(({ path }) => path),
  );
  const seen = new Set<string>();
  const sizeOf = (index: number) => {
    const file = files[index];
    if (file === undefined) throw new Damage(`file ${index} is not in the header's list`);
    return contentBytes(file);
  };
  for await (const { content, ...entry } of readCpio(archive, sizeOf)) {
    const listed = 'name' in entry ? byPath.get(absolute(entry.name)) : files[entry.index];
    if (listed === undefined) throw new Damage("the payload has a file that is not in the header's list");
    if (entry.bytes !== contentBytes(listed))
      throw new Damage(
        `${JSON.stringify(listed.path)} has ${entry.bytes} bytes, and the header says ${contentBytes(listed)}`,
      );
    const path = JSON.stringify(listed.path);
    if (seen.has(listed.path)) throw new Damage(`the payload has ${path} for the second time`);
    seen.add(listed.path);
    missing.delete(listed.path);
    yield { listed, entry, content };
  }
  const [first] = missing;
  if (first !== undefined) throw new Damage(`the payload does not have ${JSON.stringify(first)}`);
}

/** How much of a file stands in the payload. */
function contentBytes({ mode, bytes, linkTo }: RpmListedFile): number {
  const type = mode & typeBits;
  return (type === regularBits && linkTo === undefined) || type === linkBits ? bytes : 0;
}

/** What an rewritten payload needs to know besides what changes. */
interface Surroundings {
  files: readonly RpmListedFile[];
  /** Places of paths in the new header's list. */
  places: ReadonlyMap<string, number>;
  /** The time of new files, since 1970. */
  seconds: number;
  /** Told of each content that is new before the archive ends. */
  onContent: (path: string, content: Buffer) => void;
}

/** A payload with files left out, changed, or added at its end; it stays in the form that it has. Throws Damage. */
export async function* rewritePayload(
  archive: AsyncIterable<Buffer>,
  { drops = () => false, changed = new Map(), added = [] }: ArchiveEdit,
  { files, places, seconds, onContent }: Surroundings,
): AsyncGenerator<Buffer> {
  let isStripped = false;
  for await (const { listed, entry, content } of payloadFiles(archive, files)) {
    const { path } = listed;
    isStripped = !('name' in entry);
    if (drops(path)) continue;
    const change = changed.get(path);
    const head = (bytes: number) =>
      isStripped ? strippedHead(places.get(path) ?? 0) : changedHead(entry.head, bytes, change?.mode);
    if (change?.content !== undefined) {
      const old = await within(path, () => collect(content, limits.changedBytes));
      const made = change.content(old);
      onContent(path, made);
      yield Buffer.concat([head(made.length), made, cpioPadding(made.length)]);
      continue;
    }
    yield change === undefined && !isStripped ? entry.head : head(entry.bytes);
    yield* content;
    yield cpioPadding(entry.bytes);
  }
  for (const file of added) {
    const content = contentOf(file);
    onContent(file.path, content);
    const place = places.get(file.path) ?? 0;
    const about = { name: `.${file.path}`, inode: place + 1, mode: modeOf(file), links: 1, seconds };
    yield isStripped ? strippedHead(place) : cpioHead({ ...about, bytes: content.length });
    yield Buffer.concat([content, cpioPadding(content.length)]);
  }
  yield cpioTrailer();
}

/** What stands in an archive for a file: of a link, its target. */
function contentOf(file: NewTarEntry): Buffer {
  if (file.type === 'file') return file.content;
  return Buffer.from(file.type === 'symlink' ? file.target : '');
}

/** The mode of a new file with the bits of its type. */
export function modeOf(file: NewTarEntry): number {
  if (file.type === 'symlink') return linkBits | 0o777;
  return (file.type === 'directory' ? directoryBits : regularBits) | file.mode;
}
