import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { HarnessError, messageOf } from '../core/errors.ts';
import { writeFileAtomically } from '../core/files.ts';
import { gzip } from '../package/compression.ts';
import type { PackageFormat } from '../package/package-file.ts';
import { debIndex } from './deb-index.ts';
import type { FeedIndex } from './feed-index.ts';
import type { Feed, FeedTree } from './find-feeds.ts';
import { type IndexedPackage, readPackages } from './indexed-package.ts';
import { ipkIndex } from './ipk-index.ts';
import { type ReleaseFacts, releaseText } from './release-file.ts';
import type { Signer } from './sign-release.ts';

const writers: Record<PackageFormat, (packages: readonly IndexedPackage[]) => FeedIndex> = {
  ipk: ipkIndex,
  deb: debIndex,
};

/** The Release file that each feed of debs is to get, and who signs it: InRelease. */
export interface ReleaseOptions extends Pick<ReleaseFacts, 'suite' | 'date' | 'validUntil'> {
  signer?: Signer | undefined;
}

/** A feed's index as it was written. */
export interface WrittenIndex extends FeedIndex {
  /** Of the file `Packages`. */
  file: string;
  /** Names of the files beside it that were written for apt: `Release`, `InRelease`. */
  forApt: string[];
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
 * Writes `Packages` and `Packages.gz` of every feed, and `Release` and `InRelease` where they are asked for, labelled
 * with the folder's name as OE does it; each file whole or not at all, and nothing before all packages have been read
 * and all files made; in Yocto's layout also the empty `Packages` above them that OE leaves there. Throws what
 * `readPackage` and `Signer.sign` throw, ScenarioError `feed-name`, and HarnessError `feed-unwritable`.
 */
export async function writeIndexes(
  folder: string,
  { deploy, feeds }: FeedTree,
  format: PackageFormat,
  { release, signal }: { release?: ReleaseOptions | undefined; signal?: AbortSignal | undefined } = {},
): Promise<WrittenIndex[]> {
  const made: { index: WrittenIndex; files: [name: string, data: string | Buffer][] }[] = [];
  for (const feed of feeds) {
    const found = await indexFeed(feed, format, signal);
    const indexes: [string, Buffer][] = [
      ['Packages.gz', gzip(found.text)],
      ['Packages', Buffer.from(found.text)],
    ];
    const label = basename(resolve(feed.folder));
    const more = release === undefined ? [] : await releaseFiles(label, found, indexes, release);
    const forApt = more.map(([name]) => name);
    const stale = (await staleFiles(feed.folder)).filter((name) => !forApt.includes(name));
    const index = { ...found, file: join(feed.folder, 'Packages'), forApt, stale };
    made.push({ index, files: [...indexes, ...more] });
  }
  if (deploy) await write(join(folder, 'Packages'), '');
  for (const { index, files } of made)
    for (const [name, data] of files) await write(join(dirname(index.file), name), data);
  return made.map(({ index }) => index);
}

async function releaseFiles(
  label: string,
  { architectures }: FeedIndex,
  indexes: readonly [string, Buffer][],
  { signer, ...facts }: ReleaseOptions,
): Promise<[string, string][]> {
  const listed = indexes.map(([path, data]) => ({ path, data })).reverse();
  const text = releaseText({ ...facts, label, architectures }, listed);
  if (signer === undefined) return [['Release', text]];
  return [
    ['Release', text],
    ['InRelease', await signer.sign(text, facts.date)],
  ];
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
