import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { HarnessError, messageOf, type ScenarioError } from '../core/errors.ts';
import { writeFileAtomically } from '../core/files.ts';
import { makeFolders } from '../core/make-folders.ts';
import type { ControlPackage, PackageFormat, RpmPackage } from '../package/package-format.ts';
import { debIndex } from './deb-index.ts';
import type { FeedIndex, IndexFile } from './feed-index.ts';
import type { Feed, FeedTree } from './find-feeds.ts';
import { type IndexedPackage, readPackages } from './indexed-package.ts';
import { ipkIndex } from './ipk-index.ts';
import { type ReleaseFacts, releaseText } from './release-file.ts';
import { rpmIndex } from './rpm-index.ts';
import type { Signer } from './sign-release.ts';

const writers: Record<PackageFormat, (packages: readonly IndexedPackage[]) => FeedIndex> = {
  ipk: (packages) => ipkIndex(packages.filter(isControl)),
  deb: (packages) => debIndex(packages.filter(isControl)),
  rpm: (packages) => rpmIndex(packages.filter(isRpm)),
};

function isControl(one: IndexedPackage): one is IndexedPackage<ControlPackage> {
  return one.about.format !== 'rpm';
}

function isRpm(one: IndexedPackage): one is IndexedPackage<RpmPackage> {
  return one.about.format === 'rpm';
}

/** The Release file that each feed of debs is to get, and who signs it: InRelease. */
export interface ReleaseOptions extends Pick<ReleaseFacts, 'suite' | 'date' | 'validUntil'> {
  signer?: Signer | undefined;
}

/** A feed's index with what is not in it. */
export interface MadeIndex extends FeedIndex {
  /** What is wrong with packages that are left out. */
  damaged: readonly ScenarioError[];
  /** Lines of control files that opkg passes over, each with the package's path. */
  passedOver: readonly string[];
}

/** A feed's index as it was written. */
export interface WrittenIndex extends MadeIndex {
  /** Of the file `Packages` or `repomd.xml`. */
  file: string;
  /** Names of the files beside it that were written for apt: `Release`, `InRelease`. */
  forApt: string[];
  /** Files beside it that say something about the index before, such as its signature. */
  stale: string[];
}

/**
 * The index of one feed. It depends on the packages and their paths only: no times, no order of the file system.
 * Packages that are damaged are left out; where no other is there, it throws what is wrong with the first.
 */
export async function indexFeed(
  { folder, paths }: Feed,
  format: PackageFormat,
  signal?: AbortSignal,
): Promise<MadeIndex> {
  const { packages, damaged } = await readPackages(folder, paths, signal);
  const [first] = damaged;
  if (first !== undefined && packages.length === 0) throw first;
  const passedOver = packages.filter(isControl).flatMap(({ path, about }) => {
    return about.passedOver === undefined ? [] : [`${join(folder, path)}: control: ${about.passedOver}`];
  });
  return { ...writers[format](packages), damaged, passedOver };
}

interface WriteOptions {
  release?: ReleaseOptions | undefined;
  leaveOut?: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * Writes the index of every feed, `Packages` and `Packages.gz`, or of rpms `repodata/`; where they are asked for, also
 * `Release` and `InRelease`, labelled with the folder's name as OE does it. Each file is written whole or not at all, and
 * nothing before all packages have been read and all files made. With `leaveOut`, packages that are damaged are left out of
 * the index; without it the first of them is thrown. In Yocto's layout of ipks and debs also the empty
 * `Packages` above them is written that OE leaves there. Lists of rpms that the index before had are removed. Throws what
 * `readPackage` and `Signer.sign` throw, ScenarioError `feed-name`, and HarnessError `feed-unwritable`.
 */
export async function writeIndexes(
  folder: string,
  { deploy, feeds }: Pick<FeedTree, 'deploy' | 'feeds'>,
  format: PackageFormat,
  { release, leaveOut = false, signal }: WriteOptions = {},
): Promise<WrittenIndex[]> {
  const indexes: (WrittenIndex & { replaced: string[] })[] = [];
  for (const feed of feeds) {
    const index = await indexFeed(feed, format, signal);
    const [damage] = index.damaged;
    if (damage !== undefined && !leaveOut) throw damage;
    const file = join(feed.folder, index.files.at(-1)?.path ?? '');
    const label = basename(resolve(feed.folder));
    const forApt = release === undefined ? [] : await releaseFiles(label, index, release);
    const files = [...index.files, ...forApt];
    const written = new Set(files.map(({ path }) => join(feed.folder, path)));
    const others = (await filesBeside(file)).filter((path) => !written.has(path));
    const replaced = others.filter((path) => ownList.test(path));
    const stale = others.filter((path) => !ownList.test(path) && aboutIndex[format].test(path));
    indexes.push({
      ...index,
      files,
      file,
      forApt: forApt.map(({ path }) => path),
      stale: stale.map((path) => basename(path)),
      replaced,
    });
  }
  if (deploy && format !== 'rpm') await write(join(folder, 'Packages'), '');
  for (const [i, { files, replaced }] of indexes.entries()) {
    for (const { path, data } of files) await write(join(feeds[i]?.folder ?? '', path), data);
    for (const path of replaced) await rm(path, { force: true });
  }
  return indexes;
}

async function releaseFiles(
  label: string,
  { architectures, files }: FeedIndex,
  { signer, ...facts }: ReleaseOptions,
): Promise<IndexFile[]> {
  const text = releaseText({ ...facts, label, architectures }, [...files].reverse());
  const release = { path: 'Release', data: text };
  if (signer === undefined) return [release];
  return [release, { path: 'InRelease', data: await signer.sign(text, facts.date) }];
}

/** Lists that this program or createrepo_c made; repomd.xml no longer names them. */
const ownList =
  /\/repodata\/(?:[0-9a-f]{32,128}-)?(?:primary|filelists|other)\.(?:xml|sqlite)(?:\.(?:gz|zst|xz|bz2))?$/;

/** What lies beside an index and says something about it. */
const packagesNeighbour = /\/(?:Packages\.(?:asc|sig|xz|zst|bz2|stamps)|(?:In)?Release(?:\.gpg)?)$/;
const aboutIndex: Record<PackageFormat, RegExp> = {
  ipk: packagesNeighbour,
  deb: packagesNeighbour,
  rpm: /./,
};

async function write(file: string, data: string | Uint8Array): Promise<void> {
  const work = async () => {
    await makeFolders(dirname(file));
    await writeFileAtomically(file, data);
  };
  await work().catch((cause: unknown) => {
    throw new HarnessError('feed-unwritable', `${file} cannot be written: ${messageOf(cause)}`, {
      cause,
      hint: 'with --stdout the index is printed instead',
    });
  });
}

async function filesBeside(file: string): Promise<string[]> {
  const folder = dirname(file);
  const names = await readdir(folder).catch(() => []);
  return names.sort().map((name) => join(folder, name));
}
