import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError } from '../../core/errors.ts';
import { makeFolders } from '../../core/make-folders.ts';
import type { Tools } from '../tools.ts';

/** Folder of a repository with what its summary says at each commit, by checksum. */
const summaries = 'summaries';

/** A branch that has come to a commit, and the commits that devices may be on. */
interface Step {
  branch: string;
  checksum: string;
  /** The commits before it. */
  from: readonly string[];
  /** Seconds since 1970 that files say they were made. */
  seconds: number;
}

/**
 * Makes static deltas to a commit from each before it, and the summary by which devices find them. Returns their paths within
 * the repository. OSTree notes the time in both, in a place that is found again by its value; so that bytes depend on the inputs
 * only, it is another one afterwards.
 */
export async function makeDeltas(
  tools: Pick<Tools, 'run'>,
  folder: string,
  { branch, checksum, from, seconds }: Step,
): Promise<string[]> {
  const repo = `--repo=${folder}`;
  const ostree = (...args: string[]) => tools.run('usr/bin/ostree', args);
  const before = await filesOf(join(folder, 'deltas'));
  for (const one of from) {
    const begun = now();
    const known = new Set(await filesOf(join(folder, 'deltas')));
    await ostree('static-delta', 'generate', repo, `--from=${one}`, `--to=${checksum}`);
    for (const path of await filesOf(join(folder, 'deltas')))
      if (!known.has(path) && path.endsWith('/superblock'))
        await setTime(join(folder, 'deltas', path), { begun, seconds });
  }
  await ostree('refs', repo, '--force', `--create=${branch}`, checksum);
  const begun = now();
  await ostree('summary', repo, '--update');
  await setTime(join(folder, 'summary'), { begun, seconds });
  await makeFolders(join(folder, summaries));
  await copyFile(join(folder, 'summary'), join(folder, summaryPath(checksum)));
  await rm(join(folder, 'summary'));
  await ostree('refs', repo, '--delete', branch);
  const all = await filesOf(join(folder, 'deltas'));
  return all.filter((path) => !before.includes(path)).map((path) => `deltas/${path}`);
}

/** Where the summary is that a server has when a commit is its newest. */
export function summaryPath(checksum: string): string {
  return `${summaries}/${checksum}`;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** Replaces the time at which a file was written just now, 8 bytes big-endian. Throws HarnessError `time-not-found`. */
async function setTime(path: string, { begun, seconds }: { begun: number; seconds: number }): Promise<void> {
  const bytes = await readFile(path);
  const places = Array.from({ length: now() - begun + 1 }, (_, i) => placesOf(bytes, begun + i)).flat();
  const [place] = places;
  if (place === undefined || places.length > 1)
    throw new HarnessError(
      'time-not-found',
      `${path} has the time at which it was made in ${places.length} places, not in one`,
    );
  bytes.writeBigUInt64BE(BigInt(seconds), place);
  await writeFile(path, bytes);
}

function placesOf(bytes: Buffer, seconds: number): number[] {
  const wanted = Buffer.alloc(8);
  wanted.writeBigUInt64BE(BigInt(seconds));
  const found: number[] = [];
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) found.push(at);
  return found;
}

async function filesOf(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
