import { basename, join } from 'node:path';
import { findFeeds } from '../feed/find-feeds.ts';
import { readAllPackages } from '../feed/indexed-package.ts';
import type { PackageFile, PackageFormat } from '../package/package-format.ts';
import type { PackagedFile } from '../package/packaged-file.ts';
import { listFiles } from '../package/packaged-files.ts';
import { formats, metadataOf } from './formats.ts';
import type { Metadata } from './metadata.ts';
import type { PackageChange, Recipe } from './recipe.ts';

/** A package of the release that another is derived from. */
export interface SourcePackage {
  about: PackageFile;
  metadata: Metadata;
  /** The sub-folder that is its feed, empty where the folder is the feed. */
  feed: string;
  /** Below its feed. */
  path: string;
  /** The file itself. */
  file: string;
}

/** A release as a folder of packages. */
export interface SourceFeed {
  deploy: boolean;
  /** Every feed, also those without packages. */
  feeds: string[];
  packages: SourcePackage[];
}

/** Reads what all packages of a folder say of themselves. Throws what `findFeeds` and `readPackage` throw. */
export async function readSource(
  folder: string,
  format: PackageFormat,
  signal?: AbortSignal,
): Promise<SourceFeed> {
  const { deploy, feeds } = await findFeeds(folder, format);
  const packages: SourcePackage[] = [];
  for (const feed of feeds) {
    const name = deploy ? basename(feed.folder) : '';
    for (const { about, path } of await readAllPackages(feed.folder, feed.paths, signal))
      packages.push({ about, metadata: metadataOf(about), path, feed: name, file: join(feed.folder, path) });
  }
  return { deploy, feeds: feeds.map((feed) => (deploy ? basename(feed.folder) : '')), packages };
}

/** What a recipe's change is about: of each architecture the newest of this name. */
export function newest(packages: readonly SourcePackage[]): SourcePackage[] {
  const found = new Map<string, SourcePackage>();
  for (const one of packages) {
    const { compare } = formats[one.about.format];
    const other = found.get(one.about.architecture);
    if (other === undefined || compare(one.about.version, other.about.version) > 0)
      found.set(one.about.architecture, one);
  }
  return [...found.values()];
}

/** What packages install, with the contents of files that the recipe changes; only of packages where it matters. */
export async function readFiles(
  { packages }: SourceFeed,
  recipe: Recipe,
  signal?: AbortSignal,
): Promise<Map<SourcePackage, PackagedFile[]>> {
  const found = new Map<SourcePackage, PackagedFile[]>();
  for (const [name, change] of Object.entries(recipe.packages)) {
    if (change === 'removed' || !looksInside(change)) continue;
    for (const one of newest(packages.filter(({ about }) => about.name === name))) {
      const options = {
        contents: new Set(Object.keys(change.files)),
        ...(signal === undefined ? {} : { signal }),
      };
      found.set(one, await listFiles(one.file, options));
    }
  }
  return found;
}

function looksInside({ files, split, conffiles }: PackageChange): boolean {
  return Object.keys(files).length + Object.keys(split).length + Object.values(conffiles).flat().length > 0;
}
