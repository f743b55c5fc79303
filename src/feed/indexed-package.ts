import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
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

/** Reads the packages of a feed; the result has the order of `paths`. Throws what `readPackage` throws, of the first. */
export async function readPackages(
  folder: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<IndexedPackage[]> {
  const found: IndexedPackage[] = [];
  for (let at = 0; at < paths.length; at += atOnce) {
    const batch = paths.slice(at, at + atOnce).map((path) => readIndexed(folder, path, signal));
    for (const result of await Promise.allSettled(batch)) {
      if (result.status === 'rejected') throw result.reason;
      found.push(result.value);
    }
    signal?.throwIfAborted();
  }
  return found;
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
