import type { NewTarEntry } from './tar.ts';

/** What becomes of a file that stays where it is. */
export interface ChangedEntry {
  /** The new content of a regular file; without it, the content stays. */
  content?: (old: Buffer) => Buffer;
  /** New permission bits. */
  mode?: number;
}

/** What the files of a package that is made from another have other than before. Paths are absolute. */
export interface ArchiveEdit {
  /** Entries that are left out. */
  drops?: (path: string) => boolean;
  changed?: ReadonlyMap<string, ChangedEntry>;
  /** With the time of the archive's first entry; folders before what is in them. */
  added?: readonly NewTarEntry[];
}
