import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ScenarioError } from '../../core/errors.ts';
import { Tree, type TreeNode } from '../tree.ts';
import { cpioArchive } from './cpio.ts';
import { type KernelModules, loadOrder } from './modules.ts';

/** What an initial RAM disk is made from. */
export interface RamDiskInputs {
  /** Folder with its `init`. */
  overlay: string;
  /** Names of the modules that it loads. */
  wanted: readonly string[];
  modules: KernelModules;
  /** The program. */
  busybox: TreeNode | undefined;
  /** Further programs with their libraries, in a merged /usr. */
  programs?: Tree;
  /** Seconds since 1970 that every file bears. */
  epoch: number;
}

/** Busybox, the modules that the root device needs in load order, and the image's own `init`, as cpio archive. Throws ScenarioError `busybox-missing`, `module-unknown`. */
export async function initialRamDisk({
  overlay,
  wanted,
  modules,
  busybox,
  programs,
  epoch,
}: RamDiskInputs): Promise<Buffer> {
  const tree = new Tree();
  if (busybox?.type !== 'file')
    throw new ScenarioError('busybox-missing', 'no package of the image has usr/bin/busybox');
  tree.addFile('busybox', busybox.content, 0o755);
  for (const name of ['dev', 'proc', 'sys', 'newroot', 'modules']) tree.addDirectory(name);
  if (programs !== undefined && programs.entries().length > 0) addPrograms(tree, programs);
  await tree.addFolder(overlay);
  for (const [i, path] of loadOrder(wanted, modules.needs).entries()) {
    const name = `${String(i).padStart(2, '0')}-${path.replace(/^.*\//, '')}`;
    tree.addFile(`modules/${name}`, await readFile(join(modules.folder, path)));
  }
  return cpioArchive(tree, epoch);
}

function addPrograms(tree: Tree, programs: Tree): void {
  for (const [name, target] of Object.entries(Tree.mergedUsr)) {
    tree.addDirectory(target);
    tree.addSymlink(name, target);
  }
  for (const [path, node] of programs.entries()) {
    if (node.type === 'file') tree.addFile(path, node.content, node.mode);
    else if (node.type === 'symlink') tree.addSymlink(path, node.target);
  }
}

/** The kernel of an unpacked kernel package. Throws ScenarioError `kernel-missing`. */
export async function readKernel(root: string): Promise<Buffer> {
  const [name] = (await readdir(join(root, 'boot')).catch(() => [])).filter((file) =>
    file.startsWith('vmlinuz-'),
  );
  if (name === undefined) throw new ScenarioError('kernel-missing', `no kernel in ${root}/boot`);
  return readFile(join(root, 'boot', name));
}
