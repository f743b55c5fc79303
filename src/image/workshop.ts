import { copyFile, link, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../core/digest.ts';
import { ScenarioError } from '../core/errors.ts';
import type { FileRef } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import type { BuildCache } from './build-cache.ts';
import type { BootedMachine, BuiltImage, BuiltSystem, MachineDescription } from './description.ts';
import type { BootLoader } from './disk/boot-loader.ts';
import { bootLoaders } from './disk/boot-loaders.ts';
import type { ImageSets, LockedSet } from './packages/lock.ts';
import { unpackSet } from './packages/unpack.ts';
import { readModules } from './root/modules.ts';
import { PackageFiles } from './root/package-files.ts';
import { type BaseRoot, baseRoot, type RootInputs } from './root/root.ts';
import { Tools } from './tools.ts';

/** What any image of one machine is made from, besides its description. */
export interface MakeOptions {
  name: string;
  machineName: MachineName;
  /** The image's own folder, and that of the test keys. */
  folder: string;
  keys: string;
  key: string;
  sets: ImageSets;
  cache: string;
  build: BuildCache;
  /** Empty folder to fill. */
  out: string;
  signal?: AbortSignal | undefined;
}

/** The same for an A/B image. */
export interface SlotImageOptions extends MakeOptions {
  description: BuiltImage;
  machine: MachineDescription;
}

/** The same for any system of Debian packages that a boot loader starts. */
export interface SystemImageOptions extends MakeOptions {
  description: BuiltSystem;
  machine: BootedMachine;
}

interface Prepared {
  tools: Tools;
  loader: BootLoader;
  root: RootInputs;
  base: BaseRoot;
}

/** What the parts of the build share. */
export type Workshop<Options extends SystemImageOptions = SlotImageOptions> = Options & Prepared;

/** Unpacks the packages and makes what all releases need. */
export async function prepare<Options extends SystemImageOptions>(
  options: Options,
): Promise<Workshop<Options>> {
  const { description, machine, folder, keys, sets, cache, build, signal } = options;
  const unpack = (set: LockedSet) => unpackSet(set, cache, build, signal);
  const toolSet = together(sets.tools, sets.moreTools);
  const tools = new Tools(await unpack(toolSet), toolSet, description.epoch, signal);
  const kernel = await unpack(sets.kernel);
  const unpackedSystem = await unpack(together(sets.system, sets.more));
  const kernelKey = sets.kernel.packages.map((one) => one.sha256);
  const root: RootInputs = {
    description,
    machine,
    folder,
    keys,
    kernel,
    files: await PackageFiles.open(unpackedSystem),
    modules: await readModules(kernel, build, tools, kernelKey),
  };
  if (sets.firmware === undefined)
    throw new ScenarioError('lock-outdated', `the lock of ${options.name} has no firmware`);
  const firmware = await unpack(sets.firmware);
  const loader = await bootLoaders[machine.bootLoader]({
    tools,
    build,
    firmware,
    system: unpackedSystem,
    scripts: join(folder, machine.boot ?? 'boot'),
    machineName: options.machineName,
    machine,
    epoch: description.epoch,
  });
  return { ...options, tools, loader, root, base: await baseRoot(root) };
}

/** Packages of one suite, and those of another that come without what they need. */
function together(set: LockedSet, more: LockedSet | undefined): LockedSet {
  return { ...set, packages: [...set.packages, ...(more?.packages ?? [])] };
}

/** Puts a file of a part into the image without a second copy where the file system can. */
export async function output(
  { out, build }: Pick<MakeOptions, 'out' | 'build'>,
  source: string,
  path: string,
): Promise<FileRef> {
  await link(source, join(out, path)).catch(() => copyFile(source, join(out, path)));
  return { path, sha256: await build.digest(source), bytes: (await stat(source)).size };
}

/** Writes a file of the image, filled up with zeroes to `bytes`. */
export async function outputBytes(
  { out }: MakeOptions,
  path: string,
  content: Buffer,
  bytes = content.length,
): Promise<FileRef> {
  const target = join(out, path);
  await using handle = await open(target, 'wx');
  await handle.writeFile(content);
  await handle.truncate(bytes);
  return { path, sha256: await sha256File(target), bytes };
}
