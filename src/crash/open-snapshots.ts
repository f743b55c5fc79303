import { join } from 'node:path';
import type { CleanupStack } from '../core/cleanup.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Space } from '../explore/space.ts';
import { readSetBlockBytes } from '../nbd/read-set.ts';
import type { Trace } from '../recording/trace.ts';
import { SnapshotStore } from '../target/snapshot-store.ts';
import { sectorBytes } from '../writelog/log.ts';

/**
 * Snapshots for the boots of one exploration: taken where a boot is about to read what states differ in, and is shown
 * other content than those before it.
 */
export async function openSnapshots(
  context: RunContext,
  trace: Trace,
  space: Space,
  stack: CleanupStack,
): Promise<SnapshotStore> {
  const { cells } = space;
  const names = context.manifest.disks.map(({ id }) => id);
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
      folder: join(context.workspace, `${trace.name.replaceAll('/', '_')}-snapshots`),
      isHot: (disk, block) => hot.has(blockKey(disk, block)),
      onNotice: context.notice,
    }),
  );
}

function blockKey(disk: string, block: number): string {
  return `${disk} ${block}`;
}
