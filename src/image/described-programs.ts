import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { globMatcher } from '../core/glob.ts';
import type { BuiltImage, FeedImage, ImageDescription, OstreeImage } from './description.ts';
import { readLock } from './packages/lock.ts';

/**
 * Whether devices with an image surely lack a program: none of the files that it is put together from bears that name, or no
 * package of a Debian feed does. False for disks and packages that somebody else has made: they are not looked into.
 */
export async function lacksProgram(
  description: ImageDescription,
  folder: string,
  program: string,
): Promise<boolean> {
  if ('prebuilt' in description) return false;
  if ('feed' in description) return isNotInFeed(description, folder, program);
  const { files, busybox, links } = description.root;
  const named = [...files, ...busybox, ...Object.keys(links)];
  if (named.some((pattern) => globMatcher(basename(pattern))(program))) return false;
  for (const overlay of overlaysOf(description)) {
    const found = await readdir(join(folder, overlay), { recursive: true }).catch(() => []);
    if (found.some((path) => basename(path) === program)) return false;
  }
  return true;
}

/** Package managers are called as their packages are. */
async function isNotInFeed({ feed }: FeedImage, folder: string, program: string): Promise<boolean> {
  if (feed.packages === undefined) return false;
  if (feed.without.includes(program)) return true;
  const lock = await readLock(join(folder, 'lock.json')).catch(() => undefined);
  const sets = Object.entries(lock?.sets ?? {}).filter(([purpose]) => purpose.endsWith('/feed'));
  return sets.length > 0 && sets.every(([, { packages }]) => !packages.some(({ name }) => name === program));
}

function overlaysOf({ root, machines, releases }: BuiltImage | OstreeImage): string[] {
  const own = [...Object.values<{ overlay?: string } | undefined>(machines), ...releases].flatMap(
    (one) => one?.overlay ?? [],
  );
  return [root.overlay, own].flat();
}
