import { createWriteStream } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolders } from '../../core/make-folders.ts';
import { packTar } from '../../package/archive/tar.ts';
import { type Ext4Options, writeExt4From } from '../disk/ext4.ts';
import type { Tools } from '../tools.ts';
import { folderEntries } from './folder-entries.ts';

/** The system that a device leaves the factory with. */
export interface FactorySystem {
  os: string;
  /** Where its commit is, and which one it is. */
  repository: string;
  checksum: string;
  branch: string;
  /** Arguments of the kernel, each a `name=value` or a word. */
  kernelArguments: readonly string[];
  /** What reads the deployments at each start: U-Boot its own file, GRUB the entries of the Boot Loader Specification. */
  bootLoader: 'grub' | 'uboot';
}

/**
 * Writes a file system with one deployment, made by OSTree itself: its repository (`bare`), /boot with the entries for
 * the boot loader, /ostree/deploy. All belongs to root, and times are the epoch's, so that its bytes depend on the inputs only.
 */
export async function writeSysroot(
  tools: Tools,
  image: string,
  { os, repository, checksum, branch, kernelArguments, bootLoader }: FactorySystem,
  options: Ext4Options,
): Promise<void> {
  const root = `${image}.root`;
  // Or else a deployment has the flag "immutable", and nobody could remove it here.
  const env = { OSTREE_SYSROOT_DEBUG: 'mutable-deployments' };
  const ostree = (...args: string[]) => tools.run('usr/bin/ostree', args, { asRoot: true, env });
  const repo = `--repo=${root}/ostree/repo`;
  const sysroot = `--sysroot=${root}`;
  await mkdir(root);
  await ostree('admin', 'init-fs', '--modern', root);
  await ostree('admin', 'stateroot-init', sysroot, os);
  if (bootLoader === 'uboot') {
    // The file by which OSTree knows that U-Boot is the boot loader (ostree-bootloader-uboot.c).
    await makeFolders(join(root, 'boot/loader.0'));
    await symlink('loader.0', join(root, 'boot/loader'));
    await writeFile(join(root, 'boot/loader/uEnv.txt'), '');
  } else {
    // /boot is no partition of its own (ostree.repo-config(5)).
    await ostree('config', repo, 'set', 'sysroot.bootprefix', 'true');
    await ostree('config', repo, 'set', 'sysroot.bootloader', 'none');
  }
  await ostree('config', repo, 'set', 'sysroot.readonly', 'false');
  await ostree('pull-local', repo, repository, checksum);
  await ostree('refs', repo, `--create=${os}:${branch}`, checksum);
  const kargs = kernelArguments.map((one) => `--karg=${one}`);
  await ostree('admin', 'deploy', sysroot, `--os=${os}`, ...kargs, `${os}:${branch}`);
  await writeExt4Of(tools, root, image, options);
}

/** Writes an ext4 file system with what is in a folder of the host, which is removed. All belongs to root. */
export async function writeExt4Of(
  tools: Tools,
  folder: string,
  image: string,
  options: Ext4Options,
): Promise<void> {
  const archive = `${image}.tar`;
  await pipeline(packTar(await folderEntries(folder), options.epoch), createWriteStream(archive));
  await writeExt4From(tools, archive, image, options);
  await rm(archive);
  await rm(folder, { recursive: true });
}
