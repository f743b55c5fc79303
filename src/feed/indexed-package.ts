import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { readPackage } from '../package/package-file.ts';
import type { PackageFile } from '../package/package-format.ts';

/** A package file as an index describes it. */
export interface IndexedPackage<About extends PackageFile = PackageFile> {
  about: About;
  /** Relative to the feed's folder, with `/` between. */
  path: string;
  bytes: number;
  /** Hex, of the whole file. */
  md5: string;
  sha1: string;
  sha256: string;
}

const atOnce = 4;

/** The packages of a feed, and what is wrong with those that cannot be read. */
export interface ReadPackages {
  /** In the order of their paths. */
  packages: IndexedPackage[];
  /** What `readPackage` throws of the others. */
  damaged: ScenarioError[];
}

/** Reads the packages of a feed. One that is damaged costs no other. Throws HarnessErrors that `readPackage` throws. */
export async function readPackages(
  folder: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<ReadPackages> {
  const found: ReadPackages = { packages: [], damaged: [] };
  for (let at = 0; at < paths.length; at += atOnce) {
    const batch = paths.slice(at, at + atOnce).map((path) => readIndexed(folder, path, signal));
    for (const result of await Promise.allSettled(batch)) {
      if (result.status === 'fulfilled') found.packages.push(result.value);
      else if (result.reason instanceof ScenarioError) found.damaged.push(result.reason);
      else throw result.reason;
    }
    signal?.throwIfAborted();
  }
  return found;
}

/** As `readPackages`, for whom all packages count. Throws what is wrong with the first that cannot be read. */
export async function readAllPackages(...given: Parameters<typeof readPackages>): Promise<IndexedPackage[]> {
  const { packages, damaged } = await readPackages(...given);
  const [first] = damaged;
  if (first !== undefined) throw first;
  return packages;
}

async function readIndexed(
  folder: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<IndexedPackage> {
  const file = join(folder, path);
  const about = await readPackage(file, signal);
  const [md5, sha1, sha256] = [createHash('md5'), createHash('sha1'), createHash('sha256')];
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 })) {
    const data = chunk as Buffer;
    bytes += data.length;
    for (const hash of [md5, sha1, sha256]) hash.update(data);
  }
  return {
    about,
    path,
    bytes,
    md5: md5.digest('hex'),
    sha1: sha1.digest('hex'),
    sha256: sha256.digest('hex'),
  };
}
