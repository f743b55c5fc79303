import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from './digest.ts';

let known: Promise<string> | undefined;

/** SHA-256 over this program's own code, lower-case hex: what an older one has decided, another may decide otherwise. */
export function programDigest(): Promise<string> {
  known ??= codeDigest(fileURLToPath(new URL('..', import.meta.url)));
  return known;
}

/** SHA-256 over the names and contents of the JavaScript and TypeScript below a folder. */
export async function codeDigest(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.[jt]s$/.test(name)).sort();
  const sums = await Promise.all(
    names.map(async (name) => `${name} ${sha256(await readFile(join(folder, name)))}`),
  );
  return sha256(sums.join('\n'));
}
