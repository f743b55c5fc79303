import { join } from 'node:path';
import { cacheUnwritable } from '../core/holds.ts';
import { makeFolders } from '../core/make-folders.ts';
import { cacheRoot } from '../core/paths.ts';
import { type ScratchFolder, scratchFolder } from '../core/scratch-folder.ts';

/**
 * A folder below the cache for one invocation's scratch disks; those that killed processes left behind are removed.
 * Errors: HarnessError `cache-unwritable`.
 */
export async function openWorkspace(): Promise<ScratchFolder> {
  const root = join(cacheRoot(), 'work');
  try {
    await makeFolders(root);
    return await scratchFolder(root);
  } catch (error) {
    throw cacheUnwritable(root, error);
  }
}
