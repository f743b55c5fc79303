import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';
import { formatOf, type PackageFormat, packageFormats } from '../package/package-format.ts';
import { byText } from './feed-index.ts';

/** A folder that has an index of its own. */
export interface Feed {
  folder: string;
  /** Its packages, relative to it, in order. */
  paths: string[];
}

/** The feeds below a folder. `deploy`: the folder is Yocto's deploy/ipk or deploy/deb, with a feed per sub-folder. */
export interface FeedTree {
  deploy: boolean;
  feeds: Feed[];
  /** How many source rpms lie among the rpms: they install nothing, and no index has them. */
  sources: number;
}

/** The index of a sub-folder. */
const packagesBelow = /^[^/]+\/Packages$/;
const subIndexes: Record<PackageFormat, RegExp> = {
  ipk: packagesBelow,
  deb: packagesBelow,
  rpm: /^[^/]+\/repodata\/repomd\.xml$/,
};

const sourceRpm = /\.(no)?src\.rpm$/;

/** Where OE moves superseded packages to; they are not on offer. */
const morgue = 'morgue';
const deepest = 12;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'it is no folder',
};

/**
 * Finds the feeds of one format. A folder that holds packages is one feed with all that lies below it, as
 * opkg-make-index and dpkg-scanpackages take it. One whose sub-folders hold them is Yocto's layout; there a sub-folder
 * without packages counts if it has an index already, which would otherwise go on listing what is gone. Of rpms, OE makes
 * one index above them all; where sub-folders have indexes instead, each is a feed. Throws ScenarioError `feed-unreadable`, `feed-empty`, `feed-format` or `feed-name`.
 */
export async function findFeeds(folder: string, format: PackageFormat): Promise<FeedTree> {
  const files = await filesBelow(folder).catch((cause: unknown) => {
    const known = reasons[(cause as NodeJS.ErrnoException).code ?? ''];
    const why = known ?? `cannot be read: ${fileTrouble(cause)}`;
    throw new ScenarioError('feed-unreadable', `${folder}: ${why}`, {
      cause,
      hint: "name the folder that holds the packages, such as a Yocto build's tmp/deploy/ipk",
    });
  });
  const paths = files.filter((path) => formatOf(path) === format).sort(byText);
  if (paths.length === 0) throw nothingFound(folder, format, files);
  const broken = paths.find((path) => /[\r\n]/.test(path));
  if (broken !== undefined)
    throw new ScenarioError('feed-name', `${folder}: no index can name ${JSON.stringify(broken)}`, {
      hint: 'rename the file: its name has a line break in it',
    });
  const sources = format === 'rpm' ? files.filter((path) => sourceRpm.test(path)).length : 0;
  const depths = new Set(paths.map((path) => path.split('/').length));
  if (depths.has(1) || !depths.has(2)) return { deploy: false, feeds: [{ folder, paths }], sources };
  const indexed = files.filter((path) => subIndexes[format].test(path)).map(top);
  const isOne = indexed.length === 0 || files.includes('repodata/repomd.xml');
  if (format === 'rpm' && isOne) return { deploy: false, feeds: [{ folder, paths }], sources };
  const names = new Set([...paths.map(top), ...indexed]);
  const feeds = [...names].sort(byText).map((name) => ({
    folder: join(folder, name),
    paths: paths.filter((path) => top(path) === name).map((path) => path.slice(name.length + 1)),
  }));
  return { deploy: true, feeds, sources };
}

function top(path: string): string {
  return path.slice(0, path.indexOf('/'));
}

/** Paths of the files below a folder; links to files count, links to folders are not followed. */
async function filesBelow(folder: string, at = '', depth = 0): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
    const path = at === '' ? entry.name : `${at}/${entry.name}`;
    if (entry.isDirectory()) {
      const skipped = entry.name === morgue || entry.name.startsWith('.') || depth >= deepest;
      if (!skipped) found.push(...(await filesBelow(folder, path, depth + 1)));
    } else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(join(folder, path))))) {
      found.push(path);
    }
  }
  return found;
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true;
}

function nothingFound(folder: string, format: PackageFormat, files: readonly string[]): ScenarioError {
  const other = packageFormats.find((one) => one !== format && files.some((path) => formatOf(path) === one));
  if (other !== undefined) {
    const count = files.filter((path) => formatOf(path) === other).length;
    return new ScenarioError('feed-format', `${folder}: no .${format} in it, but ${count} .${other}`, {
      hint: `try --format ${other}`,
    });
  }
  const sources = files.some((path) => sourceRpm.test(path))
    ? ', but source rpms, which install nothing'
    : '';
  return new ScenarioError('feed-empty', `${folder}: no .${format} in it or below it${sources}`, {
    hint: "name the folder that holds the packages, such as a Yocto build's tmp/deploy/ipk",
  });
}
