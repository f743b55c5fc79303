import { stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { ScenarioError } from '../../core/errors.ts';
import { packTar } from '../../package/archive/tar.ts';
import type { Tools } from '../tools.ts';
import type { Tree } from '../tree.ts';

/**
 * Writes a squashfs with the tree's files to `image`; SOURCE_DATE_EPOCH is the time of the file system and of every file.
 * Compressed by gzip, since GRUB 2.12 reads no zstd. Throws ScenarioError `slot-too-small` where it has more than `bytes`.
 */
export async function writeSquashfs(
  tools: Pick<Tools, 'run'>,
  tree: Tree,
  image: string,
  { bytes, epoch }: { bytes: number; epoch: number },
): Promise<void> {
  const entries = tree.entries().map(([path, node]) => ({ path, ...node }));
  await tools.run(
    'usr/bin/mksquashfs',
    [
      ...['-', image, '-tar', '-comp', 'gzip', '-reproducible', '-root-mode', '755'],
      ...['-no-xattrs', '-no-exports', '-quiet', '-no-progress'],
    ],
    { input: await buffer(packTar(entries, epoch)) },
  );
  const { size } = await stat(image);
  if (size > bytes)
    throw new ScenarioError(
      'slot-too-small',
      `a release has ${size} bytes as squashfs, and a slot ${bytes}: slotMiB has to be more`,
    );
}
