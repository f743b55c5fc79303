import { rm } from 'node:fs/promises';
import type { Tools } from '../tools.ts';
import { type Tree, writeTar } from '../tree.ts';

/** What an ext4 file system is made from. */
export interface Ext4Options {
  /** Bytes of the whole file system. */
  bytes: number;
  /** 1024 gives a small file system the block groups that hold copies of its superblock; 4096 is faster to write. */
  blockBytes: 1024 | 4096;
  label: string;
  uuid: string;
  /** SOURCE_DATE_EPOCH. */
  epoch: number;
  inodes: number;
  /** Size of the journal; 0 for a file system that is only ever mounted read-only. */
  journalMiB: number;
}

const features = '^metadata_csum_seed,^orphan_file,^resize_inode';

/**
 * Writes an ext4 file system with the tree's files to `image` (mke2fs 1.47 reads a tar archive by
 * itself). Features are kept to what GRUB 2.12 and U-Boot 2023.01 read. Nothing is initialised lazily,
 * so a mounted file system does not write by itself.
 */
export async function writeExt4(
  tools: Tools,
  tree: Tree,
  image: string,
  options: Ext4Options,
): Promise<void> {
  const archive = `${image}.tar`;
  await writeTar(tree, options.epoch, archive);
  await writeExt4From(tools, archive, image, options);
  await rm(archive);
}

/** The same with what is in a tar archive, hard links included. */
export async function writeExt4From(
  tools: Tools,
  archive: string,
  image: string,
  options: Ext4Options,
): Promise<void> {
  await tools.run('usr/sbin/mke2fs', [
    ...[
      '-q',
      '-F',
      '-t',
      'ext4',
      '-b',
      String(options.blockBytes),
      '-m',
      '0',
      '-I',
      '256',
      '-N',
      String(options.inodes),
    ],
    ...(options.journalMiB === 0
      ? ['-O', `${features},^has_journal`]
      : ['-O', features, '-J', `size=${options.journalMiB}`]),
    ...['-L', options.label, '-U', options.uuid],
    ...['-E', `hash_seed=${options.uuid},lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0`],
    ...['-d', archive, image, `${options.bytes / 1024}k`],
  ]);
}
