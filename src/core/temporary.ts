import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isFolder } from './files.ts';
import { makeFolders } from './make-folders.ts';
import { isProcessGone, ownerOf, temporaryPath } from './process-tag.ts';

/**
 * Makes the folder `path` whole or not at all: `make` fills a temporary folder beside it, which is
 * renamed at the end. If another process was faster, its result stands.
 */
export async function makeFolder(path: string, make: (folder: string) => Promise<void>): Promise<void> {
  await makeFolders(dirname(path));
  const temporary = temporaryPath(path);
  try {
    await mkdir(temporary);
    await make(temporary);
    await rename(temporary, path).catch(async (error: unknown) => {
      if (!(await isFolder(path))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/**
 * Removes what processes that are no longer alive have left half-made in `folder`; `of`: only what was to be called so, in
 * a folder that is not ours alone.
 */
export async function removeStale(folder: string, of?: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const owner = ownerOf(name);
    if (owner === undefined || (of !== undefined && !name.startsWith(`${of}.`))) continue;
    const path = join(folder, name);
    const left = await lstat(path).catch(() => undefined);
    if (left !== undefined && isProcessGone(owner, left.mtimeMs))
      await rm(path, { recursive: true, force: true });
  }
}
