import { join } from 'node:path';
import type { CleanupStack } from '../core/cleanup.ts';
import type { Space } from '../explore/space.ts';
import { readSetBlockBytes } from '../nbd/read-set.ts';
import { SnapshotStore } from '../target/snapshot-store.ts';
import { sectorBytes } from '../writelog/log.ts';
import type { Bench } from './bench.ts';
import type { Ground } from './ground.ts';

/**
 * Snapshots for the boots of one exploration: taken where a boot is about to read what states differ in, and is shown
 * other content than those before it.
 */
export async function openSnapshots(
  bench: Bench,
  ground: Ground,
  space: Space,
  stack: CleanupStack,
): Promise<SnapshotStore> {
  const { cells } = space;
  const names = bench.manifest.disks.map(({ id }) => id);
  const hot = new Set<string>();
  for (let cell = 0; cell < cells.count; cell += 1)
    if (cells.disk(cell) >= 0)
      hot.add(
        blockKey(
          names[cells.disk(cell)] ?? '',
          Math.floor((cells.sector(cell) * sectorBytes) / readSetBlockBytes),
        ),
      );
  return stack.use(
    'snapshots',
    await SnapshotStore.create({
      folder: join(bench.workspace, `${ground.name.replaceAll('/', '_')}-snapshots`),
      isHot: (disk, block) => hot.has(blockKey(disk, block)),
      onNotice: bench.notice,
    }),
  );
}

function blockKey(disk: string, block: number): string {
  return `${disk} ${block}`;
}
