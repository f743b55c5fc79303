import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isFolder } from './files.ts';

/**
 * Makes a folder and those above it that are missing, as mkdir(1) does with -p; returns the first that it made. It takes the
 * place of `recursive` of Node.js, which tries for ever where a file system answers ENOENT to every new folder, as /proc does,
 * and says ENOENT of what lies in a folder that may only be read (MKDirpAsync of src/node_file.cc). Errors: the file system's.
 */
export async function makeFolders(path: string): Promise<string | undefined> {
  try {
    return await makeOne(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const first = await makeFolders(dirname(path));
  const own = await makeOne(path);
  return first ?? own;
}

async function makeOne(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await isFolder(path))) return undefined;
    throw error;
  }
}
