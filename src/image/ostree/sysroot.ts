import { createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type NewTarEntry, type NewTarLink, packTar } from '../../package/archive/tar.ts';
import { type Ext4Options, writeExt4From } from '../disk/ext4.ts';
import type { Tools } from '../tools.ts';

/** The system that a device leaves the factory with. */
export interface FactorySystem {
  os: string;
  /** Where its commit is, and which one it is. */
  repository: string;
  checksum: string;
  branch: string;
  /** Arguments of the kernel, each a `name=value` or a word. */
  kernelArguments: readonly string[];
}

const sticky = 0o1000;

/**
 * Writes a file system with one deployment, made by OSTree itself: its repository (`bare`), /boot with the entry for
 * U-Boot, /ostree/deploy. All belongs to root, and times are the epoch's, so that its bytes depend on the inputs only.
 */
export async function writeSysroot(
  tools: Tools,
  image: string,
  { os, repository, checksum, branch, kernelArguments }: FactorySystem,
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
  // The file by which OSTree knows that U-Boot is the boot loader (ostree-bootloader-uboot.c).
  await mkdir(join(root, 'boot/loader.0'), { recursive: true });
  await symlink('loader.0', join(root, 'boot/loader'));
  await writeFile(join(root, 'boot/loader/uEnv.txt'), '');
  await ostree('config', repo, 'set', 'sysroot.readonly', 'false');
  await ostree('pull-local', repo, repository, checksum);
  await ostree('refs', repo, `--create=${os}:${branch}`, checksum);
  const kargs = kernelArguments.map((one) => `--karg=${one}`);
  await ostree('admin', 'deploy', sysroot, `--os=${os}`, ...kargs, `${os}:${branch}`);
  const archive = `${image}.tar`;
  await pipeline(packTar(await entriesOf(root), options.epoch), createWriteStream(archive));
  await writeExt4From(tools, archive, image, options);
  await rm(archive);
  await rm(root, { recursive: true });
}

/** What is in a folder of the host, parents first; a file's second name is a hard link. Modes do not hang on the umask. */
async function entriesOf(folder: string): Promise<(NewTarEntry | NewTarLink)[]> {
  const entries: (NewTarEntry | NewTarLink)[] = [];
  const names = new Map<number, string>();
  const walk = async (at: string): Promise<void> => {
    for (const name of (await readdir(join(folder, at))).sort()) {
      const path = join(at, name);
      const found = await lstat(join(folder, path));
      const mode = found.mode & (0o755 | sticky);
      if (found.isDirectory()) {
        entries.push({ path, type: 'directory', mode: (found.mode & sticky) === 0 ? mode : 0o1777 });
        await walk(path);
      } else if (found.isSymbolicLink()) {
        entries.push({ path, type: 'symlink', target: await readlink(join(folder, path)) });
      } else {
        const first = names.get(found.ino);
        names.set(found.ino, first ?? path);
        entries.push(
          first === undefined
            ? { path, type: 'file', mode, content: await readFile(join(folder, path)) }
            : { path, type: 'link', mode, target: first },
        );
      }
    }
  };
  await walk('');
  return entries;
}
