import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../core/paths.ts';

/** A folder for one invocation's scratch disks. Disposing removes it. */
export interface Workspace extends AsyncDisposable {
  path: string;
}

/** Creates a workspace below the cache and removes those that killed processes left behind. */
export async function openWorkspace(): Promise<Workspace> {
  const root = join(cacheRoot(), 'work');
  await mkdir(root, { recursive: true });
  for (const name of await readdir(root)) {
    const owner = Number(name.split('-')[0]);
    if (!isAlive(owner)) await rm(join(root, name), { recursive: true, force: true });
  }
  const path = await mkdtemp(join(root, `${process.pid}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
