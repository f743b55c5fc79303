import { existsSync } from 'node:fs';
import { copyFile, cp } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { makeFolders } from '../../core/make-folders.ts';
import { findFeeds } from '../../feed/find-feeds.ts';
import type { PackageFormat } from '../../package/package-format.ts';

/** What a product builds itself from a release: packages in versions of its own. */
export interface LocalBuild {
  /** The release's feed. */
  upstream: string;
  /** What a recipe has made of it; what is the same in both is not built anew. */
  derived: string;
}

/**
 * Puts a release's packages and local ones into `to`, each in feeds of their own: of Yocto's layout, `local-all` beside
 * `all`; of one flat feed, `upstream` and `local`. Indexes are for the caller to write.
 */
export async function offerBoth(
  feed: string,
  local: LocalBuild,
  to: string,
  format: PackageFormat,
): Promise<void> {
  const { deploy } = await findFeeds(feed, format);
  await cp(feed, deploy ? to : join(to, 'upstream'), { recursive: true });
  const { feeds } = await findFeeds(local.derived, format);
  for (const { folder, paths } of feeds)
    for (const path of paths) {
      const place = relative(local.derived, join(folder, path));
      if (existsSync(join(local.upstream, place))) continue;
      const target = join(to, deploy ? `local-${place}` : join('local', place));
      await makeFolders(dirname(target));
      await copyFile(join(folder, path), target);
    }
}
