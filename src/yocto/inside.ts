import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { messageOf } from '../core/errors.ts';

/** A file or folder that a name leads to, or why it does not lead there. */
export type Found = { path: string } | { problem: string };

/**
 * Follows a name through its symbolic links, which must not leave `root` (a real path): a deploy folder is full of
 * links, and a copied one may have some that lead to other files than the build's. Undefined where there is no such name.
 */
export async function findInside(root: string, path: string): Promise<Found | undefined> {
  try {
    const real = await realpath(path);
    if (isInside(root, real)) return { path: real };
    return { problem: `${path} leads to ${real}, outside of ${root}` };
  } catch (error) {
    const named = await lstat(path).catch(() => undefined);
    if (named === undefined) return undefined;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { problem: missing ? `${path} is a link to nothing` : messageOf(error) };
  }
}

/** The names in a folder in order, or none where it is no folder that can be read. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

/** Paths of the folders in a folder, in order of their names, without those that lead outside of `root`. */
export async function foldersIn(root: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(folder)) {
    const inside = await findInside(root, `${folder}/${name}`);
    if (inside !== undefined && 'path' in inside && (await isFolder(inside.path)))
      found.push(`${folder}/${name}`);
  }
  return found;
}

/** Whether there is a folder of this name. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}
