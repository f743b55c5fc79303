import { rmSync } from 'node:fs';
import { appendFile, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { HarnessError, messageOf } from './errors.ts';
import { makeFolders } from './make-folders.ts';
import { isProcessGone, processTag } from './process-tag.ts';
import { scratchFolder } from './scratch-folder.ts';

/** Folder of a cache with a file for each process that uses it: the paths that it holds, relative to the cache, a line each. */
const folderName = 'in-use';

/** The files of this process, which it removes when it ends; those of one that was killed are left to who reads them. */
const own = new Set<string>();

/**
 * Says that this process needs these things of a cache until it ends: nobody prunes them then. To be called before one
 * looks whether they are there, since what is held no more may go at any moment before. Throws HarnessError
 * `cache-unwritable`.
 */
export async function hold(cache: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const file = join(cache, folderName, processTag());
  // What killed processes have left is taken away by who looks.
  if (!own.has(file)) await Holds.of(cache);
  try {
    await makeFolders(join(cache, folderName));
    await appendFile(file, paths.map((path) => `${relative(cache, path)}\n`).join(''));
  } catch (cause) {
    throw cacheUnwritable(cache, cause);
  }
  if (own.size === 0) process.once('exit', releaseAll);
  own.add(file);
}

function releaseAll(): void {
  for (const file of own) rmSync(file, { force: true });
}

/** Who holds what of a cache at one moment. */
export class Holds {
  private readonly byPath: ReadonlyMap<string, ReadonlySet<string>>;
  private readonly cache: string;

  private constructor(cache: string, byPath: ReadonlyMap<string, ReadonlySet<string>>) {
    this.cache = cache;
    this.byPath = byPath;
  }

  static async of(cache: string): Promise<Holds> {
    const folder = join(cache, folderName);
    const byPath = new Map<string, Set<string>>();
    for (const tag of await readdir(folder).catch(() => [])) {
      const file = join(folder, tag);
      const found = await stat(file).catch(() => undefined);
      if (found === undefined) continue;
      if (isProcessGone(tag, found.mtimeMs)) {
        await rm(file, { force: true });
        continue;
      }
      for (const path of (await readFile(file, 'utf8').catch(() => '')).split('\n'))
        if (path !== '') byPath.set(path, (byPath.get(path) ?? new Set()).add(tag));
    }
    return new Holds(cache, byPath);
  }

  /** Tags of the processes that hold a path, something in it, or what it lies in. */
  by(path: string): string[] {
    const wanted = relative(this.cache, path);
    const tags = [...this.byPath].flatMap(([held, by]) =>
      isWithin(held, wanted) || isWithin(wanted, held) ? [...by] : [],
    );
    return [...new Set(tags)].sort();
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}${sep}`);
}

/**
 * Takes away what nobody holds; returns false where somebody does. Who begins to hold it at the same moment finds it whole
 * or not at all, and what a killed process has begun to take away goes with the next one's.
 */
export async function removeUnheld(cache: string, path: string): Promise<boolean> {
  if ((await Holds.of(cache)).by(path).length > 0) return false;
  const work = join(cache, 'work');
  await makeFolders(work);
  await using bin = await scratchFolder(work);
  const taken = join(bin.path, basename(path));
  try {
    await rename(path, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
  if ((await Holds.of(cache)).by(path).length === 0) return true;
  // Where its new holder has made it again meanwhile, that one stays.
  await rename(taken, path).catch(() => undefined);
  return false;
}

/** A cache that the host does not let be written. */
export function cacheUnwritable(path: string, cause: unknown): HarnessError {
  return new HarnessError('cache-unwritable', `cannot write below ${path}: ${messageOf(cause)}`, {
    cause,
    hint: 'make room there, or name another place with BROWNOUT_CACHE',
  });
}
