import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError, messageOf, ScenarioError } from '../core/errors.ts';
import { cacheRoot } from '../core/paths.ts';
import type { ImageManifest } from '../model/image.ts';
import { debianArchitecture, type MachineName, machineNames } from '../model/machine.ts';
import { type BuiltImage, type MachineDescription, readDescription } from './description.ts';
import { exclusively } from './exclusive.ts';
import { folderDigest } from './folder-digest.ts';
import { ImageStore } from './image-store.ts';
import { type ImageSets, type LockFile, lockedSetOf, readLock, writeLock } from './lock.ts';
import { makeImage } from './make-image.ts';
import { loadManifest } from './manifest.ts';
import { fetchSet } from './packages.ts';
import { prebuiltManifest } from './prebuilt.ts';
import { Indexes, resolveSet } from './resolve.ts';
import { StepCache, stepKey } from './steps.ts';
import { makeFolder } from './temporary.ts';

/** What to build and with which limits. */
export interface BuildOptions {
  /** Folder name below imagesRoot. */
  name: string;
  machine: MachineName;
  /** Refuse to replace a locked package version that the mirror no longer has. */
  frozen?: boolean;
  signal?: AbortSignal | undefined;
  /** Told what the user should know: steps that take long, replaced versions. */
  onNotice?: (text: string) => void;
  imagesRoot?: string;
  cache?: string;
}

/** Raised whenever the builder makes other bytes, or another manifest, from the same inputs. */
const builderVersion = 2;

/** The images that come with this program. */
export const ownImages = fileURLToPath(new URL('../../images', import.meta.url));

/**
 * Returns the image's manifest with absolute paths, building first what is not in the cache. Builds of
 * the same image wait for each other; an interrupted one leaves nothing that a later one would take.
 * Throws ScenarioError for a wrong description and HarnessError for what the host lacks.
 */
export async function buildImage(options: BuildOptions): Promise<ImageManifest> {
  const {
    name,
    machine,
    signal,
    imagesRoot = ownImages,
    cache = cacheRoot(),
    onNotice = () => undefined,
  } = options;
  const description = await readDescription(imagesRoot, name);
  if ('prebuilt' in description) return prebuiltManifest(join(imagesRoot, name), name, machine, description);
  const machineDescription = machineOf(description, name, machine);
  const locked = await lockedSets(imagesRoot, name, machine);
  const sources = [
    await folderDigest(join(imagesRoot, name), ['lock.json', 'README.md']),
    await folderDigest(join(imagesRoot, 'keys'), ['README.md']),
  ];
  const keyOf = (sets: ImageSets) => stepKey('image', { builderVersion, sources, sets }).slice(0, 16);
  const store = new ImageStore(cache, name, machine);
  return exclusively(store.folder, signal, async () => {
    const known = (await store.find(keyOf(locked))) ?? (await replacementOf(store, keyOf(locked), options));
    if (known !== undefined) return loadManifest(known);
    const notices: string[] = [];
    const notice = (text: string) => {
      notices.push(text);
      onNotice(text);
    };
    const sets = await fetchAll(locked, { cache, frozen: options.frozen === true, signal, onNotice: notice });
    const key = keyOf(sets);
    if ((await store.find(key)) === undefined) {
      onNotice(`building ${name} for ${machine}`);
      await makeFolder(store.path(key), (out) =>
        makeImage({
          name,
          machineName: machine,
          description,
          machine: machineDescription,
          folder: join(imagesRoot, name),
          keys: join(imagesRoot, 'keys'),
          key,
          sets,
          cache,
          steps: new StepCache(cache, signal),
          out,
          signal,
        }),
      ).catch(explainFullDisk(cache));
    }
    if (key !== keyOf(locked)) await store.replace(keyOf(locked), { key, notices });
    await store.prune();
    await new StepCache(cache).prune();
    return loadManifest(store.path(key));
  });
}

/** What an earlier build took instead of the locked packages; never with `frozen`. */
async function replacementOf(
  store: ImageStore,
  lockedKey: string,
  { frozen, onNotice }: BuildOptions,
): Promise<string | undefined> {
  const found = frozen === true ? undefined : await store.replacement(lockedKey);
  if (found === undefined) return undefined;
  for (const text of found.notices) onNotice?.(text);
  return store.find(found.key);
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

/** Resolves the current versions of all packages of an image, on all of its machines, and writes its lock file. */
export async function lockImage(options: Omit<BuildOptions, 'machine' | 'frozen'>): Promise<LockFile> {
  const { name, signal, imagesRoot = ownImages, cache = cacheRoot() } = options;
  const description = await readDescription(imagesRoot, name);
  if ('prebuilt' in description)
    throw new ScenarioError('image-prebuilt', `${name} is prebuilt and has no packages to lock`);
  const { packages } = description;
  const lock: LockFile = { format: 1, sets: {} };
  await using indexes = new Indexes(cache, signal);
  lock.sets['tools'] = await resolveSet(packages.tools, 'amd64', indexes);
  for (const machine of machineNames) {
    const found = description.machines[machine];
    if (found === undefined) continue;
    const architecture = debianArchitecture[machine];
    lock.sets[`${machine}/system`] = await resolveSet(packages.system, architecture, indexes);
    lock.sets[`${machine}/kernel`] = await resolveSet(packages.kernel, architecture, indexes);
    lock.sets[`${machine}/firmware`] = await resolveSet(found.firmware, architecture, indexes);
  }
  await writeLock(lockPath(imagesRoot, name), lock);
  return lock;
}

async function lockedSets(imagesRoot: string, name: string, machine: MachineName): Promise<ImageSets> {
  const path = lockPath(imagesRoot, name);
  const lock = await readLock(path);
  return {
    tools: lockedSetOf(lock, 'tools', path),
    system: lockedSetOf(lock, `${machine}/system`, path),
    kernel: lockedSetOf(lock, `${machine}/kernel`, path),
    firmware: lockedSetOf(lock, `${machine}/firmware`, path),
  };
}

async function fetchAll(sets: ImageSets, options: Parameters<typeof fetchSet>[1]): Promise<ImageSets> {
  return {
    tools: await fetchSet(sets.tools, options),
    system: await fetchSet(sets.system, options),
    kernel: await fetchSet(sets.kernel, options),
    firmware: await fetchSet(sets.firmware, options),
  };
}

function lockPath(imagesRoot: string, name: string): string {
  return join(imagesRoot, name, 'lock.json');
}

function machineOf(description: BuiltImage, name: string, machine: MachineName): MachineDescription {
  const found = description.machines[machine];
  if (found !== undefined) return found;
  throw new ScenarioError(
    'machine-unsupported',
    `image ${name} is not made for ${machine}, only for ${Object.keys(description.machines).join(', ')}`,
  );
}
