import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { HarnessError, messageOf } from '../core/errors.ts';

/** Finds the file for a decoded URL path (`/a/b`); undefined where there is none. */
export type Lookup = (path: string) => Promise<string | undefined>;

/**
 * Looks below a folder. A path that leads out of it, also by a symlink, does not exist. Throws HarnessError
 * `feed-failed`.
 */
export async function lookupBelow(folder: string): Promise<Lookup> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw new HarnessError('feed-failed', `cannot serve the folder ${folder}: ${messageOf(cause)}`, {
      cause,
    });
  });
  return async (path) => {
    const real = await realpath(resolve(root, `.${path}`)).catch(() => undefined);
    return real?.startsWith(root === sep ? sep : `${root}${sep}`) === true ? real : undefined;
  };
}
