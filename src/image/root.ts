import { createCipheriv, createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError } from '../core/errors.ts';
import type { MachineName } from '../model/machine.ts';
import { cpioArchive } from './cpio.ts';
import type { BuiltImage, MachineDescription, ReleaseDescription } from './description.ts';
import { addModules, type KernelModules, loadOrder } from './modules.ts';
import type { PackageFiles } from './package-files.ts';
import { Tree } from './tree.ts';

/** What a machine's root file systems are put together from. */
export interface RootInputs {
  description: BuiltImage;
  machine: MachineDescription;
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
const kernelPath = 'boot/vmlinuz';
const initrdPath = 'boot/initrd.img';

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
  await tree.addFolder(join(inputs.folder, root.overlay));
  await tree.addFolder(join(inputs.folder, inputs.machine.overlay));
  for (const [path, name] of Object.entries(root.keys))
    tree.addFile(path, await readFile(join(inputs.keys, name)), 0o600);
  const initrd = await initialRamDisk(inputs, tree);
  const kernel = await readKernel(inputs.kernel);
  tree.addFile(kernelPath, kernel);
  tree.addFile(initrdPath, initrd);
  return { tree, kernel, initrd };
}

/** The root file system of one release. Throws HarnessError `path-unknown`. */
export async function releaseRoot(
  { description, folder }: RootInputs,
  base: Tree,
  name: string,
  machineName: MachineName,
  release: ReleaseDescription,
): Promise<Tree> {
  const tree = base.clone();
  const { version } = release;
  tree.addFile(
    'etc/os-release',
    [
      'NAME="Brownout reference image"',
      `ID=${name}`,
      `VERSION_ID=${version}`,
      `PRETTY_NAME="${description.description} ${version}"`,
      `IMAGE_ID=${name}-${machineName}`,
      `IMAGE_VERSION=${version}`,
      '',
    ].join('\n'),
  );
  if (release.payloadMiB > 0) {
    tree.addFile(
      'usr/share/brownout/payload.bin',
      payload(`${name} ${machineName} ${version}`, release.payloadMiB << 20),
    );
  }
  if (release.overlay !== undefined) await tree.addFolder(join(folder, release.overlay));
  for (const path of release.remove) {
    if (!tree.remove(path))
      throw new HarnessError('path-unknown', `release ${version} removes ${path}, which is not there`);
  }
  return tree;
}

function addBusybox(tree: Tree, programs: readonly string[]): void {
  for (const path of programs) {
    const target = path.startsWith('usr/bin/') ? 'busybox' : '../bin/busybox';
    if (!tree.has(path)) tree.addSymlink(path, target);
  }
}

/** Busybox, the modules that the root device needs in load order, and the image's own `init`. */
async function initialRamDisk({ description, folder, modules }: RootInputs, root: Tree): Promise<Buffer> {
  const tree = new Tree();
  const busybox = root.get('usr/bin/busybox');
  if (busybox?.type !== 'file') throw new HarnessError('busybox-missing', 'the image has no usr/bin/busybox');
  tree.addFile('busybox', busybox.content, 0o755);
  for (const name of ['dev', 'proc', 'sys', 'newroot', 'modules']) tree.addDirectory(name);
  await tree.addFolder(join(folder, description.initramfs.overlay));
  for (const [i, path] of loadOrder(description.initramfs.modules, modules.needs).entries()) {
    const name = `${String(i).padStart(2, '0')}-${path.replace(/^.*\//, '')}`;
    tree.addFile(`modules/${name}`, await readFile(join(modules.folder, path)));
  }
  return cpioArchive(tree, description.epoch);
}

async function readKernel(root: string): Promise<Buffer> {
  const [name] = (await readdir(join(root, 'boot'))).filter((file) => file.startsWith('vmlinuz-'));
  if (name === undefined) throw new HarnessError('kernel-missing', `no kernel in ${root}/boot`);
  return readFile(join(root, 'boot', name));
}

/** Bytes that look random and depend on the seed only (AES-128-CTR over zeroes). */
function payload(seed: string, bytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
