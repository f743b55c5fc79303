import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { sha256File } from '../core/digest.ts';
import { ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';
import { nearName } from '../document/read.ts';
import type { FileRef } from '../model/image.ts';

/** How long a file is that is to be used. Throws ScenarioError `image-unreadable` where it cannot be read, or is empty. */
export async function readableBytes(path: string): Promise<number> {
  return orUnreadable(path, async () => {
    await access(path, constants.R_OK);
    const found = await stat(path);
    if (found.isDirectory()) throw new Error('it is a folder');
    if (found.size === 0) throw new Error('it is empty');
    return found.size;
  });
}

/** The same with its digest. */
export async function fileRef(path: string): Promise<FileRef> {
  const bytes = await readableBytes(path);
  return orUnreadable(path, async () => ({ path, sha256: await sha256File(path), bytes }));
}

async function orUnreadable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new ScenarioError(
      'image-unreadable',
      `${path} cannot be read: ${fileTrouble(cause)}${await nearName(path, cause)}`,
      { cause },
    );
  }
}
