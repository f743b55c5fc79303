import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError, messageOf } from '../core/errors.ts';
import { cacheRoot } from '../core/paths.ts';
import { type ScratchFolder, scratchFolder } from '../core/scratch-folder.ts';

/**
 * A folder below the cache for one invocation's scratch disks; those that killed processes left behind are removed.
 * Errors: HarnessError `cache-unwritable`.
 */
export async function openWorkspace(): Promise<ScratchFolder> {
  const root = join(cacheRoot(), 'work');
  try {
    await mkdir(root, { recursive: true });
    return await scratchFolder(root);
  } catch (error) {
    throw new HarnessError('cache-unwritable', `cannot write below ${root}: ${messageOf(error)}`, {
      cause: error,
      hint: 'make room there, or name another place with BROWNOUT_CACHE',
    });
  }
}
