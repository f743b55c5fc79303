import { unlessMalformed } from '../malformed.ts';
import type { DiskView } from '../view.ts';
import type { Inode } from './inode.ts';
import { type ByteRange, Ext4Map } from './map.ts';
import { recoveredView } from './recovered.ts';

/** One file system at three moments. */
export interface Moments {
  before: DiskView;
  now: DiskView;
  later: DiskView;
}

/** A file that is empty, and what it has later. */
export interface EmptyFile {
  path: string;
  laterBytes: number;
  /** Whether it had a content before; else it was not there. */
  emptied: boolean;
  /** Where in the file system its later content lies, in bytes. */
  laterPlaces: ByteRange[];
}

/**
 * The files that are empty now, had a content before or were not there, and have one later: ext4 writes data long after
 * the name (delayed allocation), and after a cut there is the name alone. By path. Nothing where the file system cannot be read.
 */
export function emptyFiles({ before, now, later }: Moments): EmptyFile[] {
  return unlessMalformed(
    () => {
      const [old, present, next] = [before, now, later].map((view) => new Ext4Map(recoveredView(view)));
      if (old === undefined || present === undefined || next === undefined) return [];
      const found = present.files().flatMap((inode): EmptyFile[] => {
        const path = present.pathOf(inode.number);
        if (inode.bytes > 0 || path === undefined) return [];
        const [earlier, later] = [sameFile(old, inode), sameFile(next, inode)];
        if (later === undefined || later.bytes === 0 || earlier?.bytes === 0) return [];
        const emptied = earlier !== undefined;
        return [{ path, laterBytes: later.bytes, emptied, laterPlaces: next.placesOf(later) }];
      });
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    () => [],
  );
}

/** The file in another state of its file system; its number may be another file's there. */
function sameFile(map: Ext4Map, { number, checksumSeed }: Inode): Inode | undefined {
  const found = unlessMalformed(
    () => map.inode(number),
    () => undefined,
  );
  return found?.kind === 'file' && found.links > 0 && found.checksumSeed === checksumSeed ? found : undefined;
}
