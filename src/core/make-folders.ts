import { access, constants, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isFolder } from './files.ts';

/**
 * Makes a folder and those above it that are not there. Throws what the file system says; of one that may only be read, mkdir of
 * Node.js says that there is no such file.
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    let above = dirname(path);
    while (above !== dirname(above) && !(await isFolder(above))) above = dirname(above);
    await access(above, constants.W_OK);
    throw error;
  }
}
