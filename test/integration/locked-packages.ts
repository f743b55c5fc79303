import { join } from 'node:path';
import { cacheRoot } from '../../src/core/paths.ts';
import { BuildCache } from '../../src/image/build-cache.ts';
import { ownImages } from '../../src/image/own-images.ts';
import { type LockedSet, type LockFile, lockedSetOf, readLock } from '../../src/image/packages/lock.ts';
import { fetchSet } from '../../src/image/packages/packages.ts';
import { unpackSet } from '../../src/image/packages/unpack.ts';
import { Tools } from '../../src/image/tools.ts';

function fetched(set: LockedSet): Promise<LockedSet> {
  return fetchSet(set, { cache: cacheRoot(), frozen: false, onReplaced: () => undefined });
}

/** The lock of one of our images, its packages in the cache: what the mirror no longer has is there as it has it now. */
export async function fetchedLock(image: string): Promise<LockFile> {
  const { sets, ...rest } = await readLock(join(ownImages, image, 'lock.json'));
  const named = Object.entries(sets).map(async ([label, set]) => [label, await fetched(set)] as const);
  return { ...rest, sets: Object.fromEntries(await Promise.all(named)) };
}

/** The programs of one set of packages of an image, as the host runs them. `epoch`: seconds since 1970. */
export async function lockedPrograms(image: string, label: string, epoch: number): Promise<Tools> {
  const path = join(ownImages, image, 'lock.json');
  const set = await fetched(lockedSetOf(await readLock(path), label, path));
  return new Tools(await unpackSet(set, cacheRoot(), new BuildCache(cacheRoot())), set, epoch);
}
