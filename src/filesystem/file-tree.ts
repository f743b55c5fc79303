/** The files of a file system, read without mounting it. Paths are absolute, with `/`. */
export interface FileTree {
  kind: 'ext4' | 'fat';
  /** Empty where it has none. */
  label: string;
  /** As blkid prints it: with dashes, in lower case; FAT's is `12AB-34CD`. Empty where it has none. */
  uuid: string;
  /** Names in a folder, sorted; none where there is no such folder. Links are followed. */
  names(path: string): string[];
  /**
   * A regular file's content, at most `most` bytes of it (default 16 MiB); undefined where there is none, or where it cannot
   * be followed. Links are followed.
   */
  read(path: string, most?: number): Buffer | undefined;
  /** What lies at a path itself; links in the folders above it are followed. Undefined where there is nothing. */
  facts(path: string): PathFacts | undefined;
}

/** What a file system says of a path. FAT has neither modes nor owners: 0755 and root's. */
export interface PathFacts {
  kind: 'file' | 'folder' | 'link' | 'other';
  /** Permission bits; those of a link mean nothing. */
  mode: number;
  uid: number;
  gid: number;
  bytes: number;
  /** Of a link. */
  target?: string;
}

/** The usual limit of a read: configuration, not content. */
export const usualMost = 16 << 20;
