import type { InstalledPackage, PackageSystem } from '../model/software.ts';
import { bounds } from './bounds.ts';
import { withFacts } from './facts.ts';
import { readFeedFacts } from './feed-facts.ts';
import type { Complain } from './input-fault.ts';
import { readInstalled } from './installed.ts';
import { readText } from './read-text.ts';

interface InstalledFile {
  system: PackageSystem;
  /** What `installedQueries` prints on the device. */
  path: string;
  /** Folder of the feed that the packages came from. */
  feed: string | undefined;
  /** Told of what is wrong with one package of either. */
  complain: Complain;
  signal: AbortSignal | undefined;
}

/** The packages of a system with what its feed says of them. Throws what `readInstalled` and `readFeedFacts` throw. */
export async function readInstalledFile({
  system,
  path,
  feed,
  complain,
  signal,
}: InstalledFile): Promise<InstalledPackage[]> {
  const installed = readInstalled(system, await readText(path, bounds.statusBytes, signal), path, complain);
  return feed === undefined ? installed : withFacts(installed, await readFeedFacts(feed, complain, signal));
}
