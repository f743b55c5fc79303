import { copyFile, link, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { formats } from '../../derive/formats.ts';
import { readPackage } from '../../package/package-file.ts';
import type { BuildCache } from '../build-cache.ts';
import type { LockedSet } from './lock.ts';
import { debPath } from './packages.ts';

/** The folder with the packages of a set under the names that a feed has for them. They must be in the cache. */
export function debFolder(
  set: LockedSet,
  cache: string,
  build: BuildCache,
  signal?: AbortSignal,
): Promise<string> {
  const digests = set.packages.map(({ sha256 }) => sha256);
  return build.run('debs', { version: 1, digests }, async (out) => {
    for (const one of set.packages) {
      const [source, target] = [debPath(cache, one), join(out, `${one.sha256}.deb`)];
      await link(source, target).catch(() => copyFile(source, target));
      const { name, version, architecture } = await readPackage(target, signal);
      await rename(target, join(out, formats.deb.fileName(name, version.replace(/^\d+:/, ''), architecture)));
    }
  });
}
