import { ScenarioError } from '../core/errors.ts';
import type { ImageManifest } from '../model/image.ts';

/**
 * The release that a device leaves the factory with where it is to be on `release`: that one, or the newest before it
 * of which the image has factory disks, by the image's order. Throws ScenarioError `no-factory-disk`.
 */
export function startRelease(
  { name, releases }: Pick<ImageManifest, 'name' | 'releases'>,
  release: string,
): string {
  const versions = Object.keys(releases);
  const until = versions.slice(0, versions.indexOf(release) + 1);
  const start = until.findLast((version) => releases[version]?.factory !== undefined);
  if (start !== undefined) return start;
  throw new ScenarioError(
    'no-factory-disk',
    `image ${name} cannot start with release ${release}: it has no factory disk of it or of one before it`,
  );
}
