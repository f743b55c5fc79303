import { unlessMalformed } from '../malformed.ts';
import type { DiskView } from '../view.ts';
import type { Inode } from './inode.ts';
import { Ext4Map } from './map.ts';
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
}

/**
 * The files that are empty now, had a content before or were not there, and have one later: ext4 writes data long after
 * the name (delayed allocation), and after a cut there is the name alone. Nothing where the file system cannot be read.
 */
export function emptyFiles({ before, now, later }: Moments): EmptyFile[] {
  return unlessMalformed(
    () => {
      const [old, present, next] = [before, now, later].map((view) => new Ext4Map(recoveredView(view)));
      if (old === undefined || present === undefined || next === undefined) return [];
      return present.files().flatMap((inode) => {
        const laterBytes = sameFile(next, inode)?.bytes ?? 0;
        const path = present.pathOf(inode.number);
        const wasEmpty = sameFile(old, inode)?.bytes === 0;
        return inode.bytes > 0 || laterBytes === 0 || wasEmpty || path === undefined
          ? []
          : [{ path, laterBytes }];
      });
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
