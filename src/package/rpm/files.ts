import { Damage } from '../archive/damage.ts';
import { absolute } from '../archive/tar.ts';
import { textFrom } from '../text.ts';
import { numbersOf, type RpmHeader, textBytesOf, textsOf } from './header.ts';
import { fileFlags, tags } from './tags.ts';

/** A file as the header of an rpm lists it. */
export interface RpmListedFile {
  /** Absolute. */
  path: string;
  /** With the bits of its type. */
  mode: number;
  bytes: number;
  /** Bits: see `fileFlags`. */
  flags: number;
  /** Hex, by the algorithm of the package; empty where it has none. */
  digest: string;
  /** Of a symbolic link. */
  target: string;
  user: string;
  group: string;
  /** Path of the file whose content it shares as a hard link; undefined also for the one that has the content. */
  linkTo?: string;
}

/** Bits of a mode that say what a file is. */
export const typeBits = 0o170000;
export const regularBits = 0o100000;
export const linkBits = 0o120000;
export const directoryBits = 0o040000;

/**
 * The files of a package, in the header's order. Files that are one inode have their content where the last of them is,
 * as it is in the payload (rpm 4.18, lib/rpmfi.c). Throws Damage where the lists do not fit together.
 */
export function listedFiles(header: RpmHeader): RpmListedFile[] {
  const names = pathsOf(header);
  const list = <T>(tag: number, read: (header: RpmHeader, tag: number) => T[]): T[] => {
    const values = read(header, tag);
    if (values.length !== names.length)
      throw new Damage(`tag ${tag}: ${values.length} values for ${names.length} files`);
    return values;
  };
  const sizes = list(header.has(tags.longFileSizes) ? tags.longFileSizes : tags.fileSizes, numbersOf);
  const columns = {
    modes: list(tags.fileModes, numbersOf),
    flags: list(tags.fileFlags, numbersOf),
    digests: list(tags.fileDigests, textsOf),
    targets: list(tags.fileLinks, textsOf),
    users: list(tags.fileUsers, textsOf),
    groups: list(tags.fileGroups, textsOf),
    inodes: list(tags.fileInodes, numbersOf),
  };
  const files = names.map((name, i): RpmListedFile => {
    return {
      path: absolute(name),
      mode: columns.modes[i] ?? 0,
      bytes: sizes[i] ?? 0,
      flags: columns.flags[i] ?? 0,
      digest: columns.digests[i] ?? '',
      target: columns.targets[i] ?? '',
      user: columns.users[i] ?? '',
      group: columns.groups[i] ?? '',
    };
  });
  const seen = new Set<string>();
  for (const { path } of files) {
    if (seen.has(path)) throw new Damage(`${JSON.stringify(path)} for the second time`);
    seen.add(path);
  }
  const last = new Map<number, string>();
  for (const [i, { path, mode, flags }] of files.entries())
    if (isRegular(mode) && (flags & fileFlags.ghost) === 0) last.set(columns.inodes[i] ?? -1, path);
  return files.map((file, i) => {
    const sharesContent = isRegular(file.mode) && (file.flags & fileFlags.ghost) === 0;
    const holder = sharesContent ? last.get(columns.inodes[i] ?? -1) : undefined;
    return holder === undefined || holder === file.path ? file : { ...file, linkTo: holder };
  });
}

/** Paths of a package's files; rpm 3 wrote them whole. */
function pathsOf(header: RpmHeader): string[] {
  if (header.has(tags.oldFileNames)) return textsOf(header, tags.oldFileNames);
  const names = textBytesOf(header, tags.baseNames);
  const folders = textBytesOf(header, tags.dirNames);
  const places = numbersOf(header, tags.dirIndexes);
  if (places.length !== names.length)
    throw new Damage(`tag ${tags.dirIndexes}: ${places.length} values for ${names.length} files`);
  return names.map((name, i) => {
    const folder = folders[places[i] ?? -1];
    if (folder === undefined) throw new Damage(`file ${i} is in a folder that is not listed`);
    return textFrom(Buffer.concat([folder, name]));
  });
}

/** Whether a mode is that of a regular file. */
export function isRegular(mode: number): boolean {
  return (mode & typeBits) === regularBits;
}
