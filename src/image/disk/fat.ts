import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolders } from '../../core/make-folders.ts';
import type { Tools } from '../tools.ts';
import type { Tree } from '../tree.ts';

/** What a FAT16 file system is made from. */
export interface FatOptions {
  bytes: number;
  /** At most 11 characters. */
  label: string;
  /** 32-bit volume id, hex. */
  volumeId: string;
  epoch: number;
}

/**
 * Writes a FAT16 file system with the tree's files to `image`. Each file lies in one run of clusters, in
 * the tree's order, so a file that is overwritten in place keeps its sectors.
 */
export async function writeFat(tools: Tools, tree: Tree, image: string, options: FatOptions): Promise<void> {
  const { bytes, label, volumeId, epoch } = options;
  const staging = `${image}.files`;
  await mkdir(staging);
  const geometry = ['-F', '16', '-s', '4', '--invariant', '-i', volumeId, '-n', label];
  await tools.run('usr/sbin/mkfs.fat', [...geometry, '-C', image, String(bytes / 1024)]);
  for (const [path, node] of tree.entries()) {
    if (node.type === 'directory')
      await tools.run('usr/bin/mtools', ['-c', 'mmd', '-i', image, `::/${path}`]);
    if (node.type !== 'file') continue;
    const source = join(staging, path);
    await makeFolders(dirname(source));
    await writeFile(source, node.content);
    await utimes(source, epoch, epoch);
    await tools.run('usr/bin/mtools', ['-c', 'mcopy', '-m', '-i', image, source, `::/${path}`]);
  }
  await rm(staging, { recursive: true });
}
