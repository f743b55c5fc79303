import { dirname, join, relative } from 'node:path';
import { HarnessError, messageOf, ScenarioError } from '../core/errors.ts';
import { cacheRoot } from '../core/paths.ts';
import { makeFolder } from '../core/temporary.ts';
import type { ImageManifest } from '../model/image.ts';
import { type MachineName, machineNames, machines } from '../model/machine.ts';
import { BuildCache, partKey } from './build-cache.ts';
import {
  type BuiltImage,
  type FeedImage,
  type OstreeImage,
  type PackageSet,
  type PackagesAlone,
  readDescription,
} from './description.ts';
import { exclusively } from './exclusive.ts';
import { givenPackages, makeFeedImage } from './feed-image.ts';
import { folderDigest } from './folder-digest.ts';
import { ImageStore } from './image-store.ts';
import { makeImage } from './make-image.ts';
import { loadManifest } from './manifest.ts';
import { makeOstreeImage } from './ostree/make-ostree-image.ts';
import { initramfsOverlay, ownImages, partsElsewhere } from './own-images.ts';
import {
  type ImageSets,
  type LockedSet,
  type LockFile,
  lockedSetOf,
  readLock,
  writeLock,
} from './packages/lock.ts';
import { fetchSet, isFetched } from './packages/packages.ts';
import { Indexes, resolveAlone, resolveSet } from './packages/resolve.ts';
import { snapshotAddress } from './packages/snapshot.ts';
import { prebuiltManifest } from './prebuilt.ts';
import { assertSigningKeys } from './signing-keys.ts';
import type { MakeOptions } from './workshop.ts';

/** What to build and with which limits. */
export interface BuildOptions {
  /** Folder name below imagesRoot. */
  name: string;
  machine: MachineName;
  /** Refuse to replace a locked package version that the mirror no longer has. */
  frozen?: boolean;
  signal?: AbortSignal | undefined;
  /** Told what the user should know: parts that take long, and packages that are not the locked ones. */
  onNotice?: (text: string) => void;
  /** Told of these packages in place of `onNotice`: `tzdata 2025a (now 2025b)`; also where an earlier build has taken them. */
  onReplaced?: (packages: readonly string[]) => void;
  imagesRoot?: string;
  cache?: string;
}

/** Raised whenever the builder makes other bytes, or another manifest, from the same inputs. */
const builderVersion = 4;
/** Raised whenever lists of packages say more, and all else stays as it is. */
const listVersion = 2;

/**
 * Returns the image's manifest with absolute paths, building first what is not in the cache. Builds of
 * the same image wait for each other, and who needs none waits for nobody; an interrupted one leaves nothing that a later one would take.
 * Throws ScenarioError for a wrong description, `image-part-missing` for one that names what is not there, and
 * HarnessError for what the host lacks.
 */
export async function buildImage(options: BuildOptions): Promise<ImageManifest> {
  const { name, imagesRoot = ownImages } = options;
  return cachedImage(options).catch(explainMissing(join(imagesRoot, name)));
}

async function cachedImage(options: BuildOptions): Promise<ImageManifest> {
  const {
    name,
    machine,
    signal,
    imagesRoot = ownImages,
    cache = cacheRoot(),
    onNotice = () => undefined,
    onReplaced = (packages) => onNotice(replacedText(new Map([[name, packages]]))),
  } = options;
  const description = await readDescription(imagesRoot, name);
  if ('prebuilt' in description)
    return prebuiltManifest(join(imagesRoot, name), name, machine, description, { cache, signal });
  const make = makerOf(description, name, machine);
  const folder = join(imagesRoot, name);
  const overlay = await initramfsOverlay(description, folder);
  const locked = await lockedSets(imagesRoot, name, wantedSets(description, machine));
  const sources = [
    await folderDigest(folder, ['lock.json', 'README.md'], {
      ...partsElsewhere(description, folder),
      [description.initramfs.overlay]: overlay,
    }),
    await keysDigest(join(imagesRoot, 'keys')),
    ...(await packageDigests(description, folder)),
  ];
  const versions = { builderVersion, ...('feed' in description ? { listVersion } : {}) };
  const keyOf = (sets: ImageSets) => partKey('image', { ...versions, sources, sets }).slice(0, 16);
  const store = new ImageStore(cache, name, machine);
  const find = async () => {
    const path = await store.find(keyOf(locked));
    if (path !== undefined) return path;
    const replacement = await replacementOf(store, keyOf(locked), locked, options);
    if (replacement !== undefined) onReplaced(replacement.packages);
    return replacement?.path;
  };
  const known = await find();
  if (known !== undefined) return loadManifest(known);
  await assertSigningKeys(description, imagesRoot, name);
  return exclusively(store.folder, signal, async () => {
    const builtMeanwhile = await find();
    if (builtMeanwhile !== undefined) return loadManifest(builtMeanwhile);
    const replaced: string[] = [];
    const troubles: string[] = [];
    const sets = await fetchAll(locked, {
      ...{ cache, frozen: options.frozen === true, signal },
      onReplaced: (packages) => replaced.push(...packages),
      onTrouble: (trouble) => troubles.push(trouble),
    });
    for (const trouble of troubles.slice(0, 1))
      onNotice(`the snapshot archive could not be asked: ${trouble}`);
    if (replaced.length > 0) onReplaced([...new Set(replaced)]);
    const key = keyOf(sets);
    if ((await store.find(key)) === undefined) {
      onNotice(`building ${name} for ${machine}`);
      await makeFolder(store.path(key), (out) =>
        make({
          name,
          machineName: machine,
          folder,
          keys: join(imagesRoot, 'keys'),
          key,
          sets,
          cache,
          build: new BuildCache(cache, signal),
          out,
          signal,
        }),
      ).catch(explainFullDisk(cache));
    }
    if (key !== keyOf(locked)) {
      const asked = troubles.length > 0 ? undefined : snapshotAddress();
      const snapshot = asked === undefined ? {} : { snapshot: asked };
      await store.replace(keyOf(locked), { key, notices: [...new Set(replaced)], ...snapshot });
    }
    await store.prune();
    await new BuildCache(cache).prune();
    return loadManifest(store.path(key));
  });
}

/**
 * What an earlier build took instead of the locked packages; never with `frozen`, where all of them are in the cache by
 * now, or where there is a snapshot archive that was not asked then.
 */
async function replacementOf(
  store: ImageStore,
  lockedKey: string,
  locked: ImageSets,
  { frozen, cache = cacheRoot() }: BuildOptions,
): Promise<{ path: string; packages: string[] } | undefined> {
  const found = frozen === true ? undefined : await store.replacement(lockedKey, snapshotAddress());
  const path = found && (await store.find(found.key));
  if (found === undefined || path === undefined || (await isFetched(Object.values(locked), cache)))
    return undefined;
  return { path, packages: [...new Set(found.notices)] };
}

/** Locked packages that are gone, by the image that has newer ones in their place: one line, with what ends it. */
export function replacedText(byImage: ReadonlyMap<string, readonly string[]>): string {
  const packages = [...new Set([...byImage.values()].flat())];
  const [first = ''] = packages;
  const images = [...byImage.keys()];
  const [image = ''] = images;
  const whose = images.length === 1 ? image : `${images.slice(0, -1).join(', ')} and ${images.at(-1) ?? ''}`;
  const [number, more] =
    packages.length === 1 ? ['1 locked package', ''] : [`${packages.length} locked packages`, ', …'];
  const finds =
    snapshotAddress() === undefined
      ? ', BROWNOUT_DEBIAN_SNAPSHOT=https://snapshot.debian.org finds the old'
      : ', and the snapshot archive has none of them';
  const locks = images.length === 1 ? `brownout image lock ${image}` : 'brownout image lock of each';
  return `the mirror no longer has ${number} of ${whose} (${first}${more}), and newer ones are in their place: ${locks} locks these${finds}`;
}

/** `folder`: of the image. Other images' parts, and what all images share, lie beside it or with this program. */
function explainMissing(folder: string): (error: unknown) => never {
  return (error) => {
    const { code, path } = error as NodeJS.ErrnoException;
    const isPart = [dirname(folder), ownImages].some((root) => path?.startsWith(`${root}/`));
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || path === undefined || !isPart) throw error;
    throw new ScenarioError(
      'image-part-missing',
      `${join(folder, 'image.yaml')} needs ${relative(folder, path)}, and there is no such file or folder`,
      {
        cause: error,
        hint: 'put it there, or correct the path; paths are relative to the folder of the image.yaml',
      },
    );
  };
}

function explainFullDisk(cache: string): (error: unknown) => never {
  return (error) => {
    const full =
      (error as NodeJS.ErrnoException).code === 'ENOSPC' ||
      messageOf(error).includes('No space left on device');
    if (!full) throw error;
    throw new HarnessError('disk-full', `there is no space left in ${cache} for building the image`, {
      cause: error,
      hint: 'an image needs about 1 GB; BROWNOUT_CACHE names another place',
    });
  };
}

/**
 * Resolves the current versions of all packages of an image, on all of its machines, and writes its lock file. Returns
 * it with the one before, where that could be read.
 */
export async function lockImage(
  options: Omit<BuildOptions, 'machine' | 'frozen'>,
): Promise<{ lock: LockFile; before: LockFile | undefined }> {
  const { name, signal, imagesRoot = ownImages, cache = cacheRoot() } = options;
  const description = await readDescription(imagesRoot, name);
  if ('prebuilt' in description)
    throw new ScenarioError('image-prebuilt', `${name} is prebuilt and has no packages to lock`);
  const lock: LockFile = { format: 1, sets: {} };
  await using indexes = new Indexes(cache, signal);
  for (const machine of machineNames) {
    if (description.machines[machine] === undefined) continue;
    for (const { label, set, architecture } of Object.values(wantedSets(description, machine)))
      lock.sets[label] ??= await ('without' in set
        ? resolveSet(set, architecture, indexes)
        : resolveAlone(set, architecture, indexes));
  }
  const path = lockPath(imagesRoot, name);
  const before = await readLock(path).catch(() => undefined);
  await writeLock(path, lock);
  return { lock, before };
}

/** Throws ScenarioError `image-keys-missing`, as of an image's folder that was copied alone. */
async function keysDigest(keys: string): Promise<string> {
  return folderDigest(keys, ['README.md']).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new ScenarioError(
      'image-keys-missing',
      `there is no folder ${keys}: an image is built with the keys in the folder "keys" beside its own`,
      {
        cause,
        hint: 'copy the folder of the image that it was made from, images/keys, or put keys of your own there',
      },
    );
  });
}

/** Packages that come from elsewhere are sources too. */
async function packageDigests(
  description: BuiltImage | OstreeImage | FeedImage,
  folder: string,
): Promise<string[]> {
  if (!('feed' in description)) return [];
  const digests: string[] = [];
  for (const given of givenPackages(description, folder).values())
    digests.push(await folderDigest(given, []));
  return digests;
}

interface WantedSet {
  /** Name of the set in the lock file. */
  label: string;
  set: PackageSet | PackagesAlone;
  architecture: LockedSet['architecture'];
}

type EachSet<T> = Record<'tools' | 'system' | 'kernel', T> & {
  moreTools?: T;
  firmware?: T;
  more?: T;
  feed?: T;
};

/** What an image is made of on one machine. */
function wantedSets(
  description: BuiltImage | OstreeImage | FeedImage,
  machine: MachineName,
): EachSet<WantedSet> {
  const { packages } = description;
  const feed = 'feed' in description ? description.feed : undefined;
  const { debian: architecture } = machines[machine].architecture;
  const own = (purpose: string, set: WantedSet['set']) => ({
    label: `${machine}/${purpose}`,
    set,
    architecture,
  });
  const found = description.machines[machine];
  return {
    tools: { label: 'tools', set: packages.tools, architecture: 'amd64' },
    ...(found !== undefined && 'tools' in found
      ? { moreTools: { label: `${machine}/tools`, set: found.tools, architecture: 'amd64' } }
      : {}),
    system: own('system', packages.system),
    kernel: own('kernel', packages.kernel),
    ...(found !== undefined && 'firmware' in found ? { firmware: own('firmware', found.firmware) } : {}),
    ...('more' in packages && packages.more !== undefined ? { more: own('more', packages.more) } : {}),
    ...(feed?.packages === undefined ? {} : { feed: own('feed', feed.packages) }),
  };
}

async function lockedSets(imagesRoot: string, name: string, wanted: EachSet<WantedSet>): Promise<ImageSets> {
  const path = lockPath(imagesRoot, name);
  const lock = await readLock(path);
  return eachSet(wanted, ({ label }) => Promise.resolve(lockedSetOf(lock, label, path)));
}

function fetchAll(sets: ImageSets, options: Parameters<typeof fetchSet>[1]): Promise<ImageSets> {
  return eachSet(sets, (set) => fetchSet(set, options));
}

async function eachSet<T, U>(
  { tools, moreTools, system, kernel, firmware, more, feed }: EachSet<T>,
  make: (set: T) => Promise<U>,
): Promise<EachSet<U>> {
  return {
    tools: await make(tools),
    ...(moreTools === undefined ? {} : { moreTools: await make(moreTools) }),
    system: await make(system),
    kernel: await make(kernel),
    ...(firmware === undefined ? {} : { firmware: await make(firmware) }),
    ...(more === undefined ? {} : { more: await make(more) }),
    ...(feed === undefined ? {} : { feed: await make(feed) }),
  };
}

function lockPath(imagesRoot: string, name: string): string {
  return join(imagesRoot, name, 'lock.json');
}

/** What makes an image by this description. Throws ScenarioError `machine-unsupported`. */
function makerOf(
  description: BuiltImage | OstreeImage | FeedImage,
  name: string,
  machine: MachineName,
): (options: MakeOptions) => Promise<void> {
  const unsupported = () =>
    new ScenarioError(
      'machine-unsupported',
      `image ${name} is not made for ${machine}, only for ${Object.keys(description.machines).join(', ')}`,
    );
  if ('feed' in description) {
    const found = description.machines[machine];
    if (found === undefined) throw unsupported();
    return (options) => makeFeedImage({ ...options, description, machine: found });
  }
  if ('ostree' in description) {
    const found = description.machines[machine];
    if (found === undefined) throw unsupported();
    return (options) => makeOstreeImage({ ...options, description, machine: found });
  }
  const found = description.machines[machine];
  if (found === undefined) throw unsupported();
  return (options) => makeImage({ ...options, description, machine: found });
}
