import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError, messageOf } from '../core/errors.ts';
import { writeFileAtomically } from '../core/files.ts';
import { gzip } from '../package/compression.ts';
import type { PackageFormat } from '../package/package-file.ts';
import { debIndex } from './deb-index.ts';
import type { FeedIndex } from './feed-index.ts';
import type { Feed, FeedTree } from './find-feeds.ts';
import { type IndexedPackage, readPackages } from './indexed-package.ts';
import { ipkIndex } from './ipk-index.ts';

const writers: Record<PackageFormat, (packages: readonly IndexedPackage[]) => FeedIndex> = {
  ipk: ipkIndex,
  deb: debIndex,
};

/** A feed's index as it was written. */
export interface WrittenIndex extends FeedIndex {
  /** Of the file `Packages`. */
  file: string;
  /** Files beside it that say something about the index before, such as its signature. */
  stale: string[];
}

/**
 * The index of one feed. It depends on the packages and their paths only: no times, no order of the file system.
 * Throws what `readPackage` throws.
 */
export async function indexFeed(
  { folder, paths }: Feed,
  format: PackageFormat,
  signal?: AbortSignal,
): Promise<FeedIndex> {
  return writers[format](await readPackages(folder, paths, signal));
}

/**
 * Writes `Packages` and `Packages.gz` of every feed, each file whole or not at all, and nothing before all packages
 * have been read; in Yocto's layout also the empty `Packages` above them that OE leaves there. Throws what
 * `readPackage` throws, and HarnessError `feed-unwritable`.
 */
export async function writeIndexes(
  folder: string,
  { deploy, feeds }: FeedTree,
  format: PackageFormat,
  signal?: AbortSignal,
): Promise<WrittenIndex[]> {
  const indexes: WrittenIndex[] = [];
  for (const feed of feeds) {
    const index = await indexFeed(feed, format, signal);
    indexes.push({ ...index, file: join(feed.folder, 'Packages'), stale: await staleFiles(feed.folder) });
  }
  if (deploy) await write(join(folder, 'Packages'), '');
  for (const { file, text } of indexes) {
    await write(`${file}.gz`, gzip(text));
    await write(file, text);
  }
  return indexes;
}

async function write(file: string, data: string | Uint8Array): Promise<void> {
  await writeFileAtomically(file, data).catch((cause: unknown) => {
    throw new HarnessError('feed-unwritable', `${file} cannot be written: ${messageOf(cause)}`, {
      cause,
      hint: 'with --stdout the index is printed instead',
    });
  });
}

async function staleFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^(Packages\.(asc|sig|xz|zst|bz2|stamps)|(In)?Release(\.gpg)?)$/.test(name))
    .sort();
}
