import type { IndexedPackage } from './indexed-package.ts';

/** A file that belongs to an index. */
export interface IndexFile {
  /** Relative to the feed's folder. */
  path: string;
  data: string | Buffer;
}

/** What a package manager reads to know what a feed has. */
export interface FeedIndex {
  /** In the order in which they are to be written: the one that leads to the others last. */
  files: IndexFile[];
  /** What of it lists the packages: `Packages`, or of rpms `primary.xml`. */
  text: string;
  /** How many packages it lists. */
  packages: number;
  /** Those of the packages, each once, in order. */
  architectures: readonly string[];
  /** Files that it does not list because another one took their place; paths in the feed. */
  leftOut: { path: string; instead: string }[];
}

/** Compares as byte order does for the ASCII that names, versions and paths are made of. */
export function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The architectures of packages, each once, in order. */
export function architecturesOf(packages: readonly IndexedPackage[]): string[] {
  return [...new Set(packages.map(({ about }) => about.architecture))].sort(byText);
}
