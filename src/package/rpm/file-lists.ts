import { posix } from 'node:path';
import {
  elements,
  fromElements,
  type HeaderEntry,
  numberBytes,
  type RpmHeader,
  textsEntry,
  valueTypes,
} from './header.ts';
import { perFileTags, tags } from './tags.ts';

/** A file of the new list, in full. */
interface NewListedFile {
  /** Absolute. */
  path: string;
  /** With the bits of its type. */
  mode: number;
  bytes: number;
  digest: string;
  target: string;
  flags: number;
  seconds: number;
}

/** A file of the new list: the old one at this place of the old list with what changes, or a new one. */
export type ListedFile =
  | { old: number; bytes?: number; digest?: string; mode?: number; flags?: number }
  | { added: NewListedFile };

type Values = Partial<Record<number, number | string>>;

/** Tags that are there whenever a package has files, with the types of their values. */
const always: Readonly<Record<number, HeaderEntry['type']>> = {
  [tags.fileSizes]: valueTypes.int32,
  [tags.fileModes]: valueTypes.int16,
  [tags.fileDevices]: valueTypes.int16,
  [tags.fileTimes]: valueTypes.int32,
  [tags.fileDigests]: valueTypes.strings,
  [tags.fileLinks]: valueTypes.strings,
  [tags.fileFlags]: valueTypes.int32,
  [tags.fileUsers]: valueTypes.strings,
  [tags.fileGroups]: valueTypes.strings,
  [tags.fileVerifyFlags]: valueTypes.int32,
  [tags.fileOwnDevices]: valueTypes.int32,
  [tags.fileInodes]: valueTypes.int32,
  [tags.fileLanguages]: valueTypes.strings,
  [tags.dirIndexes]: valueTypes.int32,
  [tags.baseNames]: valueTypes.strings,
};

/** Everything about a file is to be verified (include/rpm/rpmvf.h, `RPMVERIFY_ALL`). */
const verifyAll = 0xffffffff;

/**
 * The lists of a header for other files; what is not named of an old file stays bit by bit. New ones are root's, and no
 * hard links of others.
 */
export function withFiles(header: RpmHeader, files: readonly ListedFile[]): Map<number, HeaderEntry> {
  const made = new Map(header);
  for (const tag of perFileTags) made.delete(tag);
  made.delete(tags.dirNames);
  if (files.length === 0) return made;
  const old = new Map(
    perFileTags.flatMap((tag) => {
      const entry = header.get(tag);
      return entry === undefined ? [] : [[tag, elements(entry)] as const];
    }),
  );
  const inodes = (old.get(tags.fileInodes) ?? []).map((bytes) => bytes.readUInt32BE());
  let inode = inodes.reduce((most, one) => Math.max(most, one), 0);
  const folders = new Folders(header);
  const isNew = !header.has(tags.fileSizes) && !header.has(tags.longFileSizes);
  const rows = files.map((file): Values => {
    if ('old' in file) return { ...changedValues(file), [tags.dirIndexes]: folders.ofOld(file.old) };
    const { path, mode, bytes, digest, target, flags, seconds } = file.added;
    inode += 1;
    return {
      [tags.fileSizes]: bytes,
      [tags.longFileSizes]: bytes,
      [tags.fileModes]: mode,
      [tags.fileTimes]: seconds,
      [tags.fileDigests]: digest,
      [tags.fileLinks]: target,
      [tags.fileFlags]: flags,
      [tags.fileUsers]: 'root',
      [tags.fileGroups]: 'root',
      [tags.fileVerifyFlags]: verifyAll,
      [tags.fileOwnDevices]: 1,
      [tags.fileInodes]: inode,
      [tags.dirIndexes]: folders.of(`${posix.dirname(path).replace(/\/$/, '')}/`),
      [tags.baseNames]: posix.basename(path),
      [tags.fileClasses]: unknownClass(made),
    };
  });
  for (const tag of perFileTags) {
    const type = header.get(tag)?.type ?? (isNew ? always[tag] : undefined);
    if (type === undefined) continue;
    const values = files.map((file, i) => {
      const value = rows[i]?.[tag];
      if (value !== undefined) return bytesOf(type, value);
      return ('old' in file ? old.get(tag)?.[file.old] : undefined) ?? bytesOf(type, isText(type) ? '' : 0);
    });
    made.set(tag, fromElements(type, values));
  }
  made.set(tags.dirNames, fromElements(valueTypes.strings, folders.names));
  return made;
}

function changedValues({
  bytes,
  digest,
  mode,
  flags,
}: Exclude<ListedFile, { added: NewListedFile }>): Values {
  return {
    ...(bytes === undefined ? {} : { [tags.fileSizes]: bytes, [tags.longFileSizes]: bytes }),
    ...(digest === undefined ? {} : { [tags.fileDigests]: digest }),
    ...(mode === undefined ? {} : { [tags.fileModes]: mode }),
    ...(flags === undefined ? {} : { [tags.fileFlags]: flags }),
  };
}

function bytesOf(type: HeaderEntry['type'], value: number | string): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : numberBytes(type, value);
}

function isText(type: HeaderEntry['type']): boolean {
  return type === valueTypes.strings;
}

/** The class of a file that nobody has looked into, which is the empty text. */
function unknownClass(made: Map<number, HeaderEntry>): number {
  const entry = made.get(tags.classes);
  if (entry === undefined) return 0;
  const classes = elements(entry);
  const at = classes.findIndex((one) => one.length === 0);
  if (at >= 0) return at;
  made.set(tags.classes, fromElements(entry.type, [...classes, Buffer.alloc(0)]));
  return classes.length;
}

/** The list of folders, each with its closing `/`, as files come to need them. */
class Folders {
  readonly names: Buffer[] = [];
  private readonly places = new Map<string, number>();
  private readonly old: readonly Buffer[];
  private readonly indexes: readonly Buffer[];

  constructor(header: RpmHeader) {
    const none = textsEntry([]);
    this.old = elements(header.get(tags.dirNames) ?? none);
    this.indexes = elements(header.get(tags.dirIndexes) ?? none);
  }

  ofOld(index: number): number {
    return this.place(this.old[this.indexes[index]?.readUInt32BE() ?? -1] ?? Buffer.alloc(0));
  }

  of(folder: string): number {
    return this.place(Buffer.from(folder));
  }

  private place(name: Buffer): number {
    const key = name.toString('latin1');
    const known = this.places.get(key);
    if (known !== undefined) return known;
    this.places.set(key, this.names.length);
    this.names.push(name);
    return this.names.length - 1;
  }
}
