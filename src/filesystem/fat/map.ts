import { Budget, unlessMalformed } from '../malformed.ts';
import { type Owner, Owners } from '../owners.ts';
import { type DiskView, readInside } from '../view.ts';
import { fatEntries } from './directory.ts';
import { chainOf, type Fat, readFat, sectorOf } from './volume.ts';

interface Walk {
  view: DiskView;
  fat: Fat;
  owners: Owners;
  budget: Budget;
}

/** What a FAT file system's sectors belong to. Throws Malformed if it is none. */
export function fatOwners(view: DiskView): { filesystem: Fat['kind']; owners: Owners } {
  const fat = readFat(view);
  const owners = new Owners(fat.sectorBytes, fat.sectors);
  owners.claim(0, fat.reserved, () => ({ kind: 'boot-sector' }));
  for (let copy = 0; copy < fat.tables; copy += 1) {
    owners.claim(fat.reserved + copy * fat.tableSectors, fat.tableSectors, () => ({
      kind: 'fat-table',
      copy,
    }));
  }
  owners.claim(fat.rootStart, fat.rootSectors, directoryOwner('/'));
  const walk: Walk = { view, fat, owners, budget: new Budget(8 * fat.clusters + 65536) };
  // What a damaged tree cannot tell stays free.
  unlessMalformed(
    () => walkFrom(walk),
    () => undefined,
  );
  return { filesystem: fat.kind, owners };
}

function walkFrom(walk: Walk): void {
  const { view, fat } = walk;
  const root =
    fat.kind === 'fat32'
      ? directoryBytes(walk, fat.rootCluster, '/')
      : readInside(view, fat.rootStart * fat.sectorBytes, fat.rootSectors * fat.sectorBytes);
  const seen = new Set<number>([fat.rootCluster]);
  const waiting = [{ path: '', bytes: root }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const entry of fatEntries(next.bytes, fat.kind === 'fat32')) {
      walk.budget.take();
      const path = `${next.path}/${entry.name}`;
      if (!entry.directory) {
        claimChain(walk, entry.firstCluster, (offset, bytes) => ({ kind: 'file', path, offset, bytes }));
      } else if (!seen.has(entry.firstCluster)) {
        seen.add(entry.firstCluster);
        waiting.push({ path, bytes: directoryBytes(walk, entry.firstCluster, path) });
      }
    }
  }
}

function directoryOwner(path: string): Owner {
  return () => ({ kind: 'directory', path });
}

function directoryBytes(walk: Walk, first: number, path: string): Buffer {
  const { view, fat } = walk;
  const chain = claimChain(walk, first, directoryOwner(path));
  const clusterBytes = fat.sectorsPerCluster * fat.sectorBytes;
  return Buffer.concat(
    chain.map((cluster) => readInside(view, sectorOf(fat, cluster) * fat.sectorBytes, clusterBytes)),
  );
}

function claimChain({ view, fat, owners, budget }: Walk, first: number, owner: Owner): number[] {
  const chain = chainOf(view, fat, first, budget);
  for (const [i, cluster] of chain.entries())
    owners.claim(sectorOf(fat, cluster), fat.sectorsPerCluster, owner, i * fat.sectorsPerCluster);
  return chain;
}
