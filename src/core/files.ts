import { constants, copyFile, link, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { temporaryPath } from './process-tag.ts';

/** Writes a file so that readers see either the old or the whole new content, also after a power cut. */
export async function writeFileAtomically(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    await using handle = await open(temporary, 'wx');
    await handle.writeFile(data);
    await handle.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Whether there is a folder at a path, also by a symlink. */
export async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** Notes on a file or folder of a cache that it was used just now. */
export async function usedNow(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

/** Another name for a file; on another file system a copy, which shares its blocks where that can be. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}
