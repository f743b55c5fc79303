import { lstat, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isFolder } from '../../core/files.ts';
import { makeFolders } from '../../core/make-folders.ts';
import { run } from '../../process/run.ts';
import type { BuildCache } from '../build-cache.ts';
import { Tree } from '../tree.ts';
import type { LockedSet } from './lock.ts';
import { debPath } from './packages.ts';

const timeoutMs = 5 * 60_000;
const atOnce = 2;
/** Documentation and translations, which no image and no tool needs. */
export const unneeded: readonly string[] = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
  'usr/share/lintian',
  'usr/share/i18n',
];

/**
 * The folder with the files of all packages of a set, as one root file system with a merged /usr. No
 * maintainer script runs. The packages must be in the cache.
 */
export function unpackSet(
  set: LockedSet,
  cache: string,
  build: BuildCache,
  signal?: AbortSignal,
): Promise<string> {
  const digests = set.packages.map(({ sha256 }) => sha256);
  return build.run('unpack', { version: 2, digests, unneeded }, async (folder) => {
    const queue = [...digests];
    const worker = async () => {
      for (let sha256 = queue.shift(); sha256 !== undefined; sha256 = queue.shift()) {
        const args = ['--extract', debPath(cache, { sha256 }), folder];
        await run({ program: 'dpkg-deb', args, signal, timeoutMs });
      }
    };
    // Wait for all even if one fails: nothing may still write when the folder is removed.
    const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    for (const [name, target] of Object.entries(Tree.mergedUsr))
      await mergeInto(join(folder, name), join(folder, target), target);
    for (const path of unneeded) await rm(join(folder, path), { recursive: true, force: true });
  });
}

/** Moves what older packages have in `/lib` to `/usr/lib`, where the link then points. */
async function mergeInto(from: string, to: string, target: string): Promise<void> {
  const found = await lstat(from).catch(() => undefined);
  if (found?.isSymbolicLink() === true) return;
  await makeFolders(to);
  if (found !== undefined) {
    await moveContents(from, to);
    await rm(from, { recursive: true });
  }
  await symlink(target, from);
}

async function moveContents(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && (await isFolder(target))) await moveContents(source, target);
    else await rename(source, target);
  }
}
