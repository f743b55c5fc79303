import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { machineNames } from '../model/machine.ts';
import { type DeployedImage, findImage } from './deployed-image.ts';
import { type Feed, machineFeeds } from './feeds.ts';
import { findInside, foldersIn, isFolder, namesIn } from './inside.ts';
import { type QemuBoot, readQemuBoot } from './qemu-boot.ts';

/** What a build left for one machine. */
interface DeployedMachine {
  name: string;
  images: DeployedImage[];
  /** In order; see machineFeeds. */
  feeds: Feed[];
  /** Whether the build said in which order they are. */
  feedOrderKnown: boolean;
}

/** A build's DEPLOY_DIR, or a part of it. */
export interface DeployFolder {
  /** Real path of the folder that no link may leave. */
  root: string;
  machines: DeployedMachine[];
}

const suffix = '.qemuboot.conf';

/**
 * Reads a Yocto build's DEPLOY_DIR: `tmp/deploy`, `tmp/deploy/images`, or `tmp/deploy/images/MACHINE`, all of which
 * find the package feeds too; or any other folder with the files of images. An image is what has a `*.qemuboot.conf`;
 * of several builds of one image the one that the link names, else the latest. Throws ScenarioError
 * `yocto-unreadable`, `yocto-not-found`, and those of the files' readers.
 */
export async function readDeployFolder(path: string): Promise<DeployFolder> {
  const given = await realpath(resolve(path)).catch(() => undefined);
  if (given === undefined || !(await isFolder(given)))
    throw new ScenarioError('yocto-unreadable', `${path} is no folder that can be read`, {
      hint: "give a Yocto build's tmp/deploy, or tmp/deploy/images/MACHINE",
    });
  const root = rootOf(given, await hasImages(given));
  const folders = await imageFolders(root, given);
  const lost: string[] = [];
  const boots = (await Promise.all(folders.map((folder) => bootsIn(root, folder, lost)))).flat();
  if (boots.length === 0) throw await nothingFound(path, given, folders, lost);
  const names = [...new Set(boots.map(({ machine }) => machine))].sort();
  const machines: DeployedMachine[] = [];
  for (const name of names) {
    const images: DeployedImage[] = [];
    for (const boot of boots) if (boot.machine === name) images.push(await findImage(root, boot));
    const architectures = images
      .map(({ testData }) => testData?.architectures ?? [])
      .find((known) => known.length > 0);
    const used = images.flatMap(
      ({ manifest }) => manifest?.packages.map(({ architecture }) => architecture) ?? [],
    );
    const others = names.filter((other) => other !== name);
    const feeds = await machineFeeds(root, {
      machine: name,
      architectures: architectures ?? [],
      used,
      others,
    });
    machines.push({ name, images, feeds, feedOrderKnown: architectures !== undefined });
  }
  return { root, machines };
}

async function hasImages(folder: string): Promise<boolean> {
  return (await namesIn(folder)).some((name) => name.endsWith(suffix));
}

/** DEPLOY_DIR: two above a machine's folder in `images`, one above `images`, else what was given. */
function rootOf(given: string, isMachine: boolean): string {
  if (basename(given) === 'images') return dirname(given);
  return isMachine && basename(dirname(given)) === 'images' ? dirname(dirname(given)) : given;
}

/** Folders in which images may lie. */
async function imageFolders(root: string, given: string): Promise<string[]> {
  if (await hasImages(given)) return [given];
  const images = join(given, 'images');
  return foldersIn(root, (await isFolder(images)) ? images : given);
}

/** The images of a folder, one for each name of a link. Links that cannot be followed are added to `lost`. */
async function bootsIn(root: string, folder: string, lost: string[]): Promise<QemuBoot[]> {
  const chosen = new Map<string, QemuBoot>();
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(suffix)) continue;
    const found = await findInside(root, join(folder, name));
    if (found === undefined || 'problem' in found) {
      if (found !== undefined) lost.push(found.problem);
      continue;
    }
    const boot = await readQemuBoot(join(folder, name));
    const key = boot.imageLinkName || name;
    const before = chosen.get(key);
    if (before === undefined || isBetter(boot, before)) chosen.set(key, boot);
  }
  return [...chosen.values()];
}

/** Whether a file is the one that the link leads to; else the later build counts. */
function isBetter(boot: QemuBoot, other: QemuBoot): boolean {
  const linked = ({ path, imageLinkName }: QemuBoot) => basename(path) === `${imageLinkName}${suffix}`;
  return linked(boot) === linked(other) ? boot.imageName > other.imageName : linked(boot);
}

async function nothingFound(
  path: string,
  given: string,
  folders: readonly string[],
  lost: readonly string[],
): Promise<ScenarioError> {
  const places = [given, ...folders].map((folder) => join(folder, `*${suffix}`));
  const shown = places.length > 6 ? [...places.slice(0, 6), `${places.length - 6} more folders`] : places;
  const below = join(path, 'deploy');
  return new ScenarioError(
    'yocto-not-found',
    `${path} has no image that could be booted: ${[`looked for ${shown.join(', ')}`, ...lost].join('; ')}`,
    {
      hint: (await isFolder(below))
        ? `give ${below}`
        : `build an image for ${machineNames.join(' or ')}, or add IMAGE_CLASSES += "qemuboot" to the build's configuration`,
    },
  );
}
