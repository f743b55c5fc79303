import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ScenarioError } from '../../core/errors.ts';
import type { MachineName } from '../../model/machine.ts';
import type { BootedMachine, BuiltSystem, ReleaseDescription } from '../description.ts';
import { initramfsOverlay } from '../own-images.ts';
import { seededBytes } from '../seeded-bytes.ts';
import { Tree } from '../tree.ts';
import { initialRamDisk, readKernel } from './kernel.ts';
import { addModules, type KernelModules } from './modules.ts';
import type { PackageFiles } from './package-files.ts';

/** What a machine's root file systems are put together from. */
export interface RootInputs {
  description: BuiltSystem;
  machine: BootedMachine;
  /** The image's own folder. */
  folder: string;
  /** Folder of the public test keys. */
  keys: string;
  files: PackageFiles;
  /** Unpacked kernel package. */
  kernel: string;
  modules: KernelModules;
}

/** Where the boot loader finds kernel and initial RAM disk within a slot. */
export const kernelPath = 'boot/vmlinuz';
export const initrdPath = 'boot/initrd.img';

type Named = Pick<BuiltSystem, 'description'>;

/** Kernel, initial RAM disk and the files that every release shares. */
export interface BaseRoot {
  tree: Tree;
  kernel: Buffer;
  initrd: Buffer;
}

/** Puts together what all releases of a machine share. */
export async function baseRoot(inputs: RootInputs): Promise<BaseRoot> {
  const { root } = inputs.description;
  const tree = new Tree();
  for (const [name, target] of Object.entries(Tree.mergedUsr)) {
    tree.addDirectory(target);
    tree.addSymlink(name, target);
  }
  for (const path of root.directories) tree.addDirectory(path);
  for (const [path, target] of Object.entries(root.links)) tree.addSymlink(path, target);
  await inputs.files.copy(tree, root.files, root.libraries);
  addBusybox(tree, root.busybox);
  await addModules(tree, inputs.modules, root.modules);
  for (const overlay of [root.overlay].flat()) await tree.addFolder(join(inputs.folder, overlay));
  const { overlay: own } = inputs.machine;
  if (own !== undefined) await tree.addFolder(join(inputs.folder, own));
  for (const [path, name] of Object.entries(root.keys))
    tree.addFile(path, await readFile(join(inputs.keys, name)), 0o600);
  const { description, folder, modules } = inputs;
  const programs = new Tree();
  await inputs.files.copy(programs, description.initramfs.programs, []);
  const initrd = await initialRamDisk({
    overlay: await initramfsOverlay(description, folder),
    wanted: description.initramfs.modules,
    modules,
    busybox: tree.get('usr/bin/busybox'),
    programs,
    epoch: description.epoch,
  });
  const kernel = await readKernel(inputs.kernel);
  tree.addFile(kernelPath, kernel);
  tree.addFile(initrdPath, initrd);
  return { tree, kernel, initrd };
}

/** The root file system of one release. Throws ScenarioError `path-unknown`. */
export async function releaseRoot(
  { description, folder }: { description: Named; folder: string },
  base: Tree,
  name: string,
  machineName: MachineName,
  release: ReleaseDescription,
): Promise<Tree> {
  const tree = base.clone();
  const { version } = release;
  nameRelease(tree, description, name, machineName, version);
  if (release.payloadMiB > 0) {
    tree.addFile(
      'usr/share/brownout/payload.bin',
      seededBytes(`${name} ${machineName} ${version}`, release.payloadMiB << 20),
    );
  }
  for (const overlay of [release.overlay ?? []].flat()) await tree.addFolder(join(folder, overlay));
  for (const path of release.remove) {
    if (!tree.remove(path))
      throw new ScenarioError('path-unknown', `release ${version} removes ${path}, which is not there`);
  }
  return tree;
}

/** Says in a release's files which one it is. */
export function nameRelease(
  tree: Tree,
  { description }: Named,
  name: string,
  machineName: MachineName,
  version: string,
): void {
  const lines = [
    'NAME="Brownout reference image"',
    `ID=${name}`,
    `VERSION_ID=${version}`,
    `PRETTY_NAME="${description} ${version}"`,
    `IMAGE_ID=${name}-${machineName}`,
    `IMAGE_VERSION=${version}`,
    '',
  ];
  tree.addFile('etc/os-release', lines.join('\n'));
}

function addBusybox(tree: Tree, programs: readonly string[]): void {
  for (const path of programs) {
    const target = path.startsWith('usr/bin/') ? 'busybox' : '../bin/busybox';
    if (!tree.has(path)) tree.addSymlink(path, target);
  }
}
