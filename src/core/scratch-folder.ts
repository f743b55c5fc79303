import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HarnessError, messageOf } from './errors.ts';
import { isProcessGone, processTag } from './process-tag.ts';

/** A folder that is removed when it is disposed of, or else by this user's next run. */
export interface ScratchFolder extends AsyncDisposable {
  path: string;
}

/** What begins the names of folders in the system's temporary folder, which is everybody's. */
const temporaryPrefix = 'brownout-';

/**
 * A new folder in `parent` that bears this process's tag behind `prefix`. What killed processes of this user left there
 * under such names goes first. Errors: the file system's.
 */
export async function scratchFolder(parent: string, prefix = ''): Promise<ScratchFolder> {
  await removeAbandoned(parent, prefix);
  const path = await mkdtemp(join(parent, `${prefix}${processTag()}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * The same in the system's temporary folder: short enough a path for a socket. Throws HarnessError
 * `temporary-unwritable`.
 */
export async function temporaryFolder(): Promise<ScratchFolder> {
  // TMPDIR may be relative, and QEMU has another folder than we.
  const parent = resolve(tmpdir());
  try {
    return await scratchFolder(parent, temporaryPrefix);
  } catch (cause) {
    throw new HarnessError(
      'temporary-unwritable',
      `the folder for temporary files, ${parent}, cannot be used: ${messageOf(cause)}`,
      { cause, hint: 'make room there, or name another one with TMPDIR' },
    );
  }
}

/** What cannot be removed is left to the next run: it stands in nobody's way. */
async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const owner = /^[0-9a-f]{8}-\d+(?=-)/.exec(name.slice(prefix.length))?.[0];
    if (owner === undefined) continue;
    const path = join(parent, name);
    const left = await lstat(path).catch(() => undefined);
    const isOurs = left?.isDirectory() === true && left.uid === process.getuid?.();
    if (isOurs && isProcessGone(owner, left.mtimeMs))
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
