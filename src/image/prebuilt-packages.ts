import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { sha256, sha256File } from '../core/digest.ts';
import { messageOf, ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';
import { writeFileAtomically } from '../core/files.ts';
import { hold } from '../core/holds.ts';
import { makeFolders } from '../core/make-folders.ts';
import { parseStored } from '../core/stored.ts';
import type { FileRef, PackageContents } from '../model/image.ts';
import type { PackageFormat } from '../package/package-format.ts';
import type { PrebuiltMachine } from './description.ts';
import { packageList } from './package-list.ts';
import { filesOf, newestOf, packagesOf } from './packages/feed-release.ts';

/** What devices of one release have installed. */
export interface InstalledSoFar {
  /** JSON, an array of PackageContents. */
  list: FileRef;
  names: string[];
  packages: readonly PackageContents[];
  /** What it is upgraded from, where it has a feed. */
  feed: Record<string, FileRef> | undefined;
}

/** Where lists are kept that are made of others, and who ends the reading. */
export interface PackageLimits {
  cache: string;
  signal?: AbortSignal | undefined;
}

type Release = Pick<PrebuiltMachine['releases'][string], 'packages' | 'feed'>;

/**
 * The packages of a release: its own list, or those of the release before with what its feed has in other versions. Undefined
 * where the release says neither. `where` begins messages. Throws ScenarioError `image-unreadable` and `image-invalid`.
 */
export async function packagesOfRelease(
  folder: string,
  where: string,
  { packages, feed }: Release,
  before: InstalledSoFar | undefined,
  limits: PackageLimits,
): Promise<InstalledSoFar | undefined> {
  if (packages !== undefined && feed !== undefined)
    throw new ScenarioError('image-invalid', `${where}: either packages or feed, not both`);
  if (packages !== undefined) return listed(resolve(folder, packages), where);
  if (feed === undefined) return undefined;
  if (before === undefined)
    throw new ScenarioError(
      'image-invalid',
      `${where}: a feed, but no release before it says what is installed`,
      {
        hint: 'brownout image import lists it: packages: packages.json',
      },
    );
  return upgraded(resolve(folder, feed), where, before, limits);
}

async function listed(path: string, where: string): Promise<InstalledSoFar> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ScenarioError('image-unreadable', `${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  });
  try {
    const packages = parseStored(text, packageList);
    const list = { path, sha256: await sha256File(path), bytes: Buffer.byteLength(text) };
    return { list, names: packages.map(({ name }) => name), packages, feed: undefined };
  } catch (cause) {
    throw new ScenarioError(
      'image-invalid',
      `${where}: ${path} is no list of packages: ${messageOf(cause)}`,
      {
        cause,
        hint: 'brownout image import writes one',
      },
    );
  }
}

async function upgraded(
  folder: string,
  where: string,
  before: InstalledSoFar,
  { cache, signal }: PackageLimits,
): Promise<InstalledSoFar> {
  const format = await feedFormat(folder, where);
  const has = new Map(before.packages.map(({ name, version }) => [name, version]));
  // Nobody installs again what is there in this version: it stays as it was found.
  const newer = newestOf(await packagesOf(folder, format, undefined, signal), format)
    .map(({ contents }) => contents)
    .filter(({ name, version }) => has.get(name) !== version);
  const names = new Set(newer.map(({ name }) => name));
  const packages = [...before.packages.filter(({ name }) => !names.has(name)), ...newer];
  const text = JSON.stringify(packages);
  const path = join(cache, 'package-lists', `${sha256(text).slice(0, 16)}.json`);
  await hold(cache, [path]);
  await makeFolders(join(cache, 'package-lists'));
  await writeFileAtomically(path, text);
  const list = { path, sha256: sha256(text), bytes: Buffer.byteLength(text) };
  return { list, names: before.names, packages, feed: await filesOf(folder, folder) };
}

/** What a feed's packages are, by the first that is there. Throws as packagesOfRelease does; `where` begins messages. */
export async function feedFormat(folder: string, where: string): Promise<PackageFormat> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new ScenarioError('image-unreadable', `${folder} cannot be read: ${fileTrouble(cause)}`, { cause });
  });
  const formats = ['ipk', 'deb', 'rpm'] as const;
  const format = formats.find((one) => names.some((name) => name.endsWith(`.${one}`)));
  if (format === undefined) throw new ScenarioError('image-invalid', `${where}: ${folder} has no packages`);
  const isIndexed = names.some((name) => /^(Packages|Packages\.gz|repomd\.xml)$/.test(basename(name)));
  if (isIndexed) return format;
  throw new ScenarioError('image-invalid', `${where}: ${folder} has packages, and no index of them`, {
    hint: `brownout feed index --format ${format} ${folder}`,
  });
}
