import { basename, join } from 'node:path';
import { foldersIn, namesIn } from './inside.ts';

/** Package formats, by the name of their folder below `deploy/`. */
const formats = ['ipk', 'deb', 'rpm'] as const;

/** Where a format keeps its index: in each folder, or, for rpm, once above all of them. */
const indexes = {
  ipk: ['Packages.gz', 'Packages'],
  deb: ['Packages.gz', 'Packages'],
  rpm: ['repodata/repomd.xml', '../repodata/repomd.xml'],
};

/** One folder of packages. */
export interface Feed {
  format: (typeof formats)[number];
  /** The folder's name: `all`, `core2-64`, `qemux86_64`. */
  architecture: string;
  folder: string;
  /** How many packages lie there. */
  packages: number;
  /** What a package manager reads first; undefined until `bitbake package-index` has made it; `feed/` can too. */
  index: string | undefined;
}

/** What decides which folders are a machine's, and their order. */
export interface FeedOrder {
  machine: string;
  /** PACKAGE_ARCHS, the least specific first; empty where unknown. */
  architectures: readonly string[];
  /** Architectures that an image of the machine has packages of; empty where unknown. */
  used: readonly string[];
  /** Other machines of the same deploy folder. */
  others: readonly string[];
}

/**
 * A machine's package feeds below a deploy folder (`ipk/`, `deb/`, `rpm/`), for each format in the order in which a
 * package manager prefers them last: `all any noarch`, the tunes, the machine (bitbake.conf's PACKAGE_ARCHS; the folder
 * of a machine has `_` for `-`, and rpm's folders have it throughout). Where PACKAGE_ARCHS is not known, the folders
 * that an image of the machine has packages of are taken, and the tunes stand in the order of their names; where that is
 * not known either, all folders but those of SDKs and of other machines.
 */
export async function machineFeeds(root: string, order: FeedOrder): Promise<Feed[]> {
  const feeds: Feed[] = [];
  for (const format of formats) {
    const folders = await foldersIn(root, join(root, format));
    for (const folder of chosen(folders, order)) feeds.push(await feedOf(format, folder));
  }
  return feeds;
}

const independent = ['all', 'any', 'noarch'];

/** Folders of a machine in their order; a name counts with `-` and `_` as the same. */
function chosen(folders: readonly string[], order: FeedOrder): string[] {
  const plain = (name: string) => name.replaceAll('-', '_');
  const machine = plain(order.machine);
  const others = new Set(order.others.map(plain));
  const known = order.architectures.map(plain);
  const used = new Set([...independent, ...order.used.map(plain), machine]);
  const rank = (folder: string): number => {
    const name = plain(basename(folder));
    if (known.length > 0) return known.indexOf(name);
    if (order.used.length > 0 ? !used.has(name) : others.has(name) || /nativesdk|^sdk_/.test(name)) return -1;
    if (independent.includes(name)) return independent.indexOf(name);
    return name === machine ? independent.length + 1 : independent.length;
  };
  return folders
    .filter((folder) => rank(folder) >= 0 && basename(folder) !== 'repodata')
    .sort((a, b) => rank(a) - rank(b));
}

async function feedOf(format: Feed['format'], folder: string): Promise<Feed> {
  const packages = (await namesIn(folder)).filter((name) => name.endsWith(`.${format}`)).length;
  let index: string | undefined;
  for (const name of indexes[format]) {
    const path = join(folder, name);
    if (index === undefined && (await namesIn(join(path, '..'))).includes(basename(path))) index = path;
  }
  return { format, architecture: basename(folder), folder, packages, index };
}
