import { copyFile, link, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { BrownoutError, HarnessError, messageOf, ScenarioError } from '../core/errors.ts';
import { makeFolders } from '../core/make-folders.ts';
import { temporaryPath } from '../core/process-tag.ts';
import { removeStale } from '../core/temporary.ts';
import { writeIndexes } from '../feed/index-feed.ts';
import type { PackageFormat } from '../package/package-format.ts';
import type { Output } from './release.ts';
import type { SourceFeed } from './source.ts';

/**
 * Refuses a folder that the new release cannot have: one with something in it, or one inside the old release. Throws
 * ScenarioError `feed-occupied` or `feed-inside`.
 */
export async function checkDestination(from: string, to: string): Promise<void> {
  const [source, place] = await Promise.all([realpath(from).catch(() => resolve(from)), settled(to)]);
  if (`${place}${sep}`.startsWith(`${source}${sep}`))
    throw new ScenarioError('feed-inside', `${to}: lies in ${from}, and would be part of that release`);
  const found = await readdir(to).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    const why = code === 'ENOTDIR' ? 'is a file, or lies in one' : messageOf(cause);
    throw new ScenarioError('feed-occupied', `${to}: cannot be made a folder: ${why}`, { cause });
  });
  if (found.length > 0)
    throw new ScenarioError('feed-occupied', `${to}: is not empty; it has ${found.sort()[0] ?? ''}`, {
      hint: 'name a folder that does not exist yet',
    });
}

/** Where a path leads, also where its last parts do not exist yet. */
async function settled(path: string): Promise<string> {
  const full = resolve(path);
  const real = await realpath(full).catch(() => undefined);
  if (real !== undefined || dirname(full) === full) return real ?? full;
  return join(await settled(dirname(full)), basename(full));
}

/**
 * Writes a release with its indexes, whole or not at all: it is made beside `to` and then renamed. Packages that stay
 * the same are hard links to the old ones where the file system allows it. Throws what reading packages throws, and
 * HarnessError `feed-unwritable`.
 */
export async function writeRelease(
  outputs: readonly Output[],
  { deploy, feeds }: SourceFeed,
  to: string,
  format: PackageFormat,
  signal?: AbortSignal,
): Promise<void> {
  const temporary = temporaryPath(resolve(to));
  try {
    await removeStale(dirname(temporary), basename(to));
    await makeFolders(temporary);
    const folders = new Set(deploy ? [...feeds, ...outputs.map(topOf)] : ['']);
    for (const folder of folders) await makeFolders(join(temporary, folder));
    for (const output of outputs) {
      signal?.throwIfAborted();
      await writeOutput(output, join(temporary, output.to), signal);
    }
    const tree = [...folders].sort().map((name) => ({
      folder: join(temporary, name),
      paths: outputs
        .filter((one) => !deploy || topOf(one) === name)
        .map((one) => (deploy ? one.to.slice(name.length + 1) : one.to)),
    }));
    await writeIndexes(temporary, { deploy, feeds: tree }, format, { signal });
    // An empty folder that is there is replaced (rename(2)); one that has been filled meanwhile is not.
    await rename(temporary, to);
  } catch (error) {
    const isOurs = error instanceof BrownoutError || !('code' in Object(error));
    if (isOurs) throw error;
    throw new HarnessError('feed-unwritable', `${to} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function topOf({ to }: Output): string {
  return to.slice(0, Math.max(0, to.indexOf('/')));
}

async function writeOutput({ make, metadata }: Output, file: string, signal?: AbortSignal): Promise<void> {
  await makeFolders(dirname(file));
  if (make.kind === 'new') await metadata.write(file, make.content);
  else if (make.kind === 'edited') await metadata.rewrite(make.source.file, file, make.edit, signal);
  else {
    const source = await realpath(make.source.file);
    await link(source, file).catch(() => copyFile(source, file));
  }
}
