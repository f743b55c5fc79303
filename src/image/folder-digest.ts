import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../core/digest.ts';

/**
 * SHA-256 over the names and contents of all files and links below a folder, but for those named in `without`. Folders and
 * files of `besides` count as if they were below it by those names; one that is there already is no matter.
 */
export async function folderDigest(
  folder: string,
  without: readonly string[],
  besides: Readonly<Record<string, string>> = {},
): Promise<string> {
  const places = new Map<string, string>();
  for (const name of await readdir(folder, { recursive: true }))
    if (!without.includes(name)) places.set(name, join(folder, name));
  for (const [at, other] of Object.entries(besides)) {
    const isFolder = (await stat(other)).isDirectory();
    for (const name of isFolder ? await readdir(other, { recursive: true }) : ['.'])
      places.set(join(at, name), join(other, name));
  }
  const parts: [string, string][] = [];
  for (const name of [...places.keys()].sort()) {
    const path = places.get(name) ?? '';
    const found = await lstat(path);
    if (found.isSymbolicLink()) parts.push([name, `-> ${await readlink(path)}`]);
    else if (found.isFile()) parts.push([name, sha256(await readFile(path))]);
  }
  return sha256(JSON.stringify(parts));
}
