import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BootedMachine, BuiltSystem, FeedImage } from './description.ts';

/** The images that come with this program. */
export const ownImages = fileURLToPath(new URL('../../images', import.meta.url));

/**
 * The folder that is laid over an image's initial RAM disk: its own where that has an `init`, or else the one of the same
 * name that its kind of images shares, for slots or for packages on one file system.
 */
export async function initramfsOverlay(
  description: Pick<BuiltSystem, 'initramfs'> | FeedImage,
  folder: string,
): Promise<string> {
  const { overlay } = description.initramfs;
  const isOwn = await access(join(folder, overlay, 'init')).then(
    () => true,
    () => false,
  );
  const shared = join(ownImages, 'common', 'feed' in description ? 'packages' : 'slots');
  return join(isOwn ? folder : shared, overlay);
}

type BootedSystem = Pick<BuiltSystem, 'root' | 'releases'> & {
  machines: Readonly<Record<string, Pick<BootedMachine, 'overlay' | 'boot'> | undefined>>;
};

/** Folders of an image that lie outside of its own, as it names them: those of another image. */
export function overlaysElsewhere(
  description: BootedSystem | FeedImage,
  folder: string,
): Record<string, string> {
  const named = [
    ...[description.root.overlay].flat(),
    ...('feed' in description
      ? []
      : [
          ...Object.values(description.machines).flatMap((machine) => [machine?.overlay, machine?.boot]),
          ...description.releases.flatMap(({ overlay }) => overlay ?? []),
        ]),
  ];
  const outside = named.flatMap((path) => (path?.startsWith('../') === true ? [path] : []));
  return Object.fromEntries(outside.map((path) => [path, join(folder, path)]));
}
