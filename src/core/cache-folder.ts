import { readdir } from 'node:fs/promises';
import { HarnessError } from './errors.ts';
import { fileTrouble } from './file-trouble.ts';
import { cacheRoot } from './paths.ts';

/**
 * The cache's folder for who reads what is kept: one that is there or not yet. Throws HarnessError `cache-unreadable` where
 * something else has its name, or it may not be read: that is no empty cache.
 */
export async function openCache(environment: NodeJS.ProcessEnv): Promise<string> {
  const root = cacheRoot(environment);
  try {
    await readdir(root);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return root;
    const why = code === 'ENOTDIR' ? 'it is no folder' : fileTrouble(cause);
    throw new HarnessError('cache-unreadable', `the cache ${root} cannot be read: ${why}`, {
      cause,
      hint: 'name a folder with BROWNOUT_CACHE',
    });
  }
  return root;
}
