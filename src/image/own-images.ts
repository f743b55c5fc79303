import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../document/suggest.ts';
import type { BuiltSystem, FeedImage } from './description.ts';

/** The images that come with this program. */
export const ownImages = fileURLToPath(new URL('../../images', import.meta.url));

/** Names of the images below `root` that have a description, in order. */
export async function imageNames(root = ownImages): Promise<string[]> {
  const folders = (await readdir(root)).sort();
  const described = await Promise.all(folders.map((name) => isThere(join(root, name, 'image.yaml'))));
  return folders.filter((_, i) => described[i]);
}

/** What is said of a name that is none of the `known` images. */
export function unknownImage(name: string, known: readonly string[]): string {
  const expected = known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`;
  return `no image ${JSON.stringify(name.slice(0, 60))}; ${expected}${didYouMean(name, known)}`;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * The folder that is laid over an image's initial RAM disk: its own where that has an `init`, or else the one of the same
 * name that its kind of images shares, for slots or for packages on one file system.
 */
export async function initramfsOverlay(
  description: Pick<BuiltSystem, 'initramfs'> | FeedImage,
  folder: string,
): Promise<string> {
  const { overlay } = description.initramfs;
  const isOwn = await isThere(join(folder, overlay, 'init'));
  const shared = join(ownImages, 'common', 'feed' in description ? 'packages' : 'slots');
  return join(isOwn ? folder : shared, overlay);
}

/** Folders and files of an image that lie outside of its own folder, as it names them: those of another image. */
export function partsElsewhere(description: object, folder: string): Record<string, string> {
  return Object.fromEntries(namedElsewhere(description).map((path) => [path, join(folder, path)]));
}

/** Every path in a description that leads out of its folder. Where `links` lead is a matter of the device. */
function namedElsewhere(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('../') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => (key === 'links' ? [] : namedElsewhere(part)));
}
