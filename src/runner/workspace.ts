import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError, messageOf } from '../core/errors.ts';
import { cacheRoot } from '../core/paths.ts';
import { isProcessGone, processTag } from '../core/process-tag.ts';

/** A folder for one invocation's scratch disks. Disposing removes it. */
export interface Workspace extends AsyncDisposable {
  path: string;
}

/**
 * Creates a workspace below the cache and removes those that killed processes left behind. Errors: HarnessError
 * `cache-unwritable`.
 */
export async function openWorkspace(): Promise<Workspace> {
  const root = join(cacheRoot(), 'work');
  try {
    return await create(root);
  } catch (error) {
    throw new HarnessError('cache-unwritable', `cannot write below ${root}: ${messageOf(error)}`, {
      cause: error,
      hint: 'make room there, or name another place with BROWNOUT_CACHE',
    });
  }
}

async function create(root: string): Promise<Workspace> {
  await mkdir(root, { recursive: true });
  for (const name of await readdir(root)) {
    const owner = /^[0-9a-f]{8}-\d+(?=-)/.exec(name)?.[0];
    const left = await stat(join(root, name)).catch(() => undefined);
    if (owner !== undefined && left !== undefined && isProcessGone(owner, left.mtimeMs))
      await rm(join(root, name), { recursive: true, force: true });
  }
  const path = await mkdtemp(join(root, `${processTag()}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
