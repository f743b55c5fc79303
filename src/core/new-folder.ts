import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { BrownoutError, HarnessError, messageOf, ScenarioError } from './errors.ts';
import { fileTrouble } from './file-trouble.ts';
import { makeFolders } from './make-folders.ts';
import { temporaryPath } from './process-tag.ts';
import { removeStale } from './temporary.ts';

const anotherFolder = { hint: 'name a folder that does not exist yet with --to' };

/** Throws ScenarioError `folder-occupied` where a new folder would be written over something. */
export async function assertFree(folder: string): Promise<void> {
  const found = await readdir(folder).catch(async (cause: unknown) => {
    const why = await inTheWay(folder, cause);
    if (why === undefined) return [];
    throw new ScenarioError('folder-occupied', `${folder} cannot be made: ${why}`, {
      cause,
      ...anotherFolder,
    });
  });
  if (found.length === 0) return;
  throw new ScenarioError(
    'folder-occupied',
    `${folder} is not empty; it has ${found.sort()[0] ?? ''}`,
    anotherFolder,
  );
}

/** What has the name of a folder that cannot be read; undefined where nothing has. */
async function inTheWay(folder: string, cause: unknown): Promise<string | undefined> {
  const { code } = cause as NodeJS.ErrnoException;
  const there = await lstat(folder).catch(() => undefined);
  if (code === 'ENOENT') return there === undefined ? undefined : 'a link that leads nowhere has its name';
  if (code !== 'ENOTDIR') return fileTrouble(cause);
  return there === undefined ? 'it is to lie in a file' : 'a file has its name';
}

/**
 * Fills a temporary folder beside `folder` and renames it; an empty folder that is there is replaced (rename(2)). Whole or
 * not at all; what a killed process has left of the same one goes. Throws HarnessError `folder-unwritable`, and what `fill` throws.
 */
export async function makeNewFolder<T>(folder: string, fill: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = temporaryPath(folder);
  const above = dirname(folder);
  try {
    await removeStale(above, basename(folder));
    const firstMade = await makeFolders(above);
    let isFilled = false;
    try {
      await mkdir(temporary);
      const filled = await fill(temporary);
      await rename(temporary, folder);
      isFilled = true;
      return filled;
    } finally {
      await rm(temporary, { recursive: true, force: true });
      if (!isFilled && firstMade !== undefined) await removeEmpty(above, firstMade);
    }
  } catch (error) {
    if (error instanceof BrownoutError || !('code' in Object(error))) throw error;
    // Somebody else has filled it meanwhile (rename(2)).
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? ''))
      await assertFree(folder);
    throw new HarnessError('folder-unwritable', `${folder} cannot be written: ${messageOf(error)}`, {
      cause: error,
      hint: 'make room there, or name another folder with --to',
    });
  }
}

/** Takes empty folders away, from the innermost up to the one that was made first; others may have put something there. */
async function removeEmpty(from: string, upTo: string): Promise<void> {
  for (let folder = from; folder.startsWith(upTo); folder = dirname(folder))
    if (await rmdir(folder).then(never, always)) return;
}

const never = () => false;
const always = () => true;
