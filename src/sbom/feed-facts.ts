import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { bounds } from './bounds.ts';
import { addFacts, type FactBook, type PackageFacts } from './facts.ts';
import type { Complain } from './input-fault.ts';
import { readText, unreadable } from './read-text.ts';

/** An index of a feed, or a control file as opkg keeps it in its folder `info`. */
const wanted = /^Packages(\.gz)?$|\.control$/;

/**
 * What the indexes of a feed say of its packages: `Packages` or `Packages.gz` of the folder and of each of its
 * sub-folders (Yocto's deploy/ipk). A copy of a device's `/var/lib/opkg/info` will do as well, where it says less but of
 * exactly what is installed. A stanza that is wrong is told to `complain` and costs no other. Throws ScenarioError
 * `sbom-unreadable`, `feed-no-index` or `feed-damaged`.
 */
export async function readFeedFacts(
  folder: string,
  complain: Complain,
  signal?: AbortSignal,
  maxPackages: number = bounds.packages,
): Promise<FactBook> {
  const book = new Map<string, PackageFacts>();
  const files = await filesOf(folder);
  if (files.length === 0)
    throw new ScenarioError(
      'feed-no-index',
      `${folder}: no Packages or Packages.gz in it or one level below`,
      {
        hint: 'make the indexes with: brownout feed index',
      },
    );
  for (const file of files) {
    const text = await readText(file, bounds.indexBytes, signal);
    addFacts(book, text, (fault) => complain(fault, file));
    if (book.size > maxPackages)
      throw new ScenarioError('feed-damaged', `${file}: more than ${maxPackages} packages`);
  }
  return book;
}

interface Entry {
  path: string;
  name: string;
  isFolder: boolean;
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  for (const { path, isFolder } of [...entries]) if (isFolder) entries.push(...(await entriesOf(path)));
  return entries.flatMap(({ path, name, isFolder }) => (!isFolder && wanted.test(name) ? [path] : [])).sort();
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  if (found.length > bounds.files)
    throw new ScenarioError('sbom-unreadable', `${folder}: more than ${bounds.files} files in it`);
  return found.map((entry) => ({
    path: join(folder, entry.name),
    name: entry.name,
    isFolder: entry.isDirectory(),
  }));
}
