import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../core/digest.ts';

/** SHA-256 over the names and contents of all files and links below a folder, but for those named in `without`. */
export async function folderDigest(folder: string, without: readonly string[]): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => !without.includes(name)).sort();
  const parts: [string, string][] = [];
  for (const name of names) {
    const path = join(folder, name);
    const found = await lstat(path);
    if (found.isSymbolicLink()) parts.push([name, `-> ${await readlink(path)}`]);
    else if (found.isFile()) parts.push([name, sha256(await readFile(path))]);
  }
  return sha256(JSON.stringify(parts));
}
