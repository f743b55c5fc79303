import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/digest.ts';
import type { Applications } from '../description.ts';
import type { Ext4Options } from '../disk/ext4.ts';
import { seededBytes } from '../seeded-bytes.ts';
import type { Tools } from '../tools.ts';
import { Tree } from '../tree.ts';
import { writeExt4Of } from './sysroot.ts';

/** Where devices have their applications, each in a folder of its name. */
const place = '/apps';
const busyboxPath = 'usr/bin/busybox';

/** One version of an application. */
export interface Application {
  name: string;
  version: string;
  /** Whether it never tells that it works. */
  silent?: true;
}

/** What the container of an application is run from: the shared folder, busybox, and which application it is. */
export async function applicationTree(
  { overlay, payloadKiB }: Pick<Applications, 'overlay' | 'payloadKiB'>,
  folder: string,
  system: Tree,
  { name, version, silent }: Application,
): Promise<Tree> {
  const tree = new Tree();
  await tree.addFolder(join(folder, overlay));
  const busybox = system.get(busyboxPath);
  if (busybox?.type === 'file') tree.addFile('rootfs/bin/busybox', busybox.content, 0o755);
  for (const program of ['sh', 'sleep']) tree.addSymlink(`rootfs/bin/${program}`, 'busybox');
  const told = `NAME=${name}\nVERSION=${version}\n${silent === true ? 'SILENT=yes\n' : ''}`;
  tree.addFile('rootfs/etc/application', told);
  if (payloadKiB > 0)
    tree.addFile('rootfs/usr/share/payload.bin', seededBytes(`${name} ${version}`, payloadKiB << 10));
  return tree;
}

/** The regular files of an application on a device, with their SHA-256. */
export function checkedOutFiles(name: string, tree: Tree): Record<string, string> {
  return Object.fromEntries(
    tree
      .entries()
      .flatMap(([path, node]) =>
        node.type === 'file' ? [[`${place}/${name}/${path}`, sha256(node.content)]] : [],
      ),
  );
}

/**
 * Writes the file system that is mounted at /apps: a repository in the mode `bare-user-only` with these commits, each under
 * `name:name`, and a remote for each. Nothing is checked out: that is for the device's first start.
 */
export async function writeApplications(
  tools: Tools,
  image: string,
  {
    repository,
    checksums,
    key,
  }: {
    repository: string;
    checksums: Readonly<Record<string, string>>;
    /** Path of the OpenPGP key on the device. */
    key: string;
  },
  options: Ext4Options,
): Promise<void> {
  const root = `${image}.root`;
  const repo = `--repo=${join(root, 'ostree_repo')}`;
  const ostree = (...args: string[]) => tools.run('usr/bin/ostree', args);
  await mkdir(root);
  await ostree('init', repo, '--mode=bare-user-only');
  for (const [name, checksum] of Object.entries(checksums)) {
    const set = [`--set=gpg-verify-summary=false`, `--set=gpgkeypath=${key}`];
    await ostree('remote', 'add', repo, ...set, name, 'http://updates.invalid');
    await ostree('pull-local', repo, repository, checksum);
    await ostree('refs', repo, `--create=${name}:${name}`, checksum);
  }
  await writeExt4Of(tools, root, image, options);
}
