import { join } from 'node:path';
import type { CleanupStack } from '../core/cleanup.ts';
import type { Coverage } from '../explore/coverage.ts';
import type { Space } from '../explore/space.ts';
import type { Prologue } from '../nbd/prologue.ts';
import { readSetBlockBytes } from '../nbd/read-set.ts';
import { SnapshotStore } from '../target/snapshot-store.ts';
import { sectorBytes } from '../writelog/log.ts';
import type { Bench } from './bench.ts';
import type { Ground } from './ground.ts';

/** Undecided states that must be able to begin with a snapshot, to make up for saving it. */
const leastUses = 3;

/**
 * Snapshots for the boots of one exploration: taken where a boot first reads what states differ in, if enough of the
 * states that are left would have come to the same point.
 */
export async function openSnapshots(
  bench: Bench,
  ground: Ground,
  space: Space,
  coverage: Coverage,
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
      isWorth: (prologue) => coverage.waitingLike(sectorsOf(names, prologue), leastUses),
      onNotice: bench.notice,
    }),
  );
}

function blockKey(disk: string, block: number): string {
  return `${disk} ${block}`;
}

/** Of each disk, the sectors that a prologue read. */
function sectorsOf(names: readonly string[], { reads }: Prologue): number[][] {
  const sectors: number[][] = names.map(() => []);
  for (const { disk, offset, length } of reads) {
    const list = sectors[names.indexOf(disk)];
    for (let at = offset; at < offset + length; at += sectorBytes) list?.push(at / sectorBytes);
  }
  return sectors;
}
