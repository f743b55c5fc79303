import { compareVersions } from '../package/control/version.ts';
import type { PackageFile, PackageFormat } from '../package/package-format.ts';
import { compareRpmVersions } from '../package/rpm/version.ts';
import { ControlMetadata, newControl } from './control-metadata.ts';
import type { Metadata } from './metadata.ts';
import type { NewPackageRecipe } from './recipe.ts';
import { newLabels, RpmMetadata } from './rpm-metadata.ts';

/** What differs between the formats of packages. */
interface Format {
  /** As `sort` takes it. */
  compare: (a: string, b: string) => number;
  /** The file's name as bitbake gives it; the version is without its epoch. */
  fileName: (name: string, version: string, architecture: string) => string;
  /** The architecture of what fits all machines. */
  everywhere: string;
  create: (name: string, recipe: NewPackageRecipe) => Metadata;
}

export const formats: Readonly<Record<PackageFormat, Format>> = {
  ipk: {
    compare: compareVersions,
    fileName: (name, version, architecture) => `${name}_${version}_${architecture}.ipk`,
    everywhere: 'all',
    create: (name, recipe) => newControl('ipk', name, recipe),
  },
  deb: {
    compare: compareVersions,
    fileName: (name, version, architecture) => `${name}_${version}_${architecture}.deb`,
    everywhere: 'all',
    create: (name, recipe) => newControl('deb', name, recipe),
  },
  rpm: {
    compare: compareRpmVersions,
    fileName: (name, version, architecture) => `${name}-${version}.${architecture}.rpm`,
    everywhere: 'noarch',
    create: newLabels,
  },
};

/** What a package of the old release says. */
export function metadataOf(about: PackageFile): Metadata {
  if (about.format !== 'rpm') return new ControlMetadata(about.format, about.control);
  return new RpmMetadata(
    about.labels,
    about.files.map(({ path }) => path),
  );
}
