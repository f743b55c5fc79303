import { type Budget, Malformed } from '../malformed.ts';
import { type DiskView, readInside } from '../view.ts';

/** The shape of a FAT file system; places and sizes in sectors. */
export interface Fat {
  kind: 'fat12' | 'fat16' | 'fat32';
  sectorBytes: number;
  sectors: number;
  sectorsPerCluster: number;
  /** Where the first table starts; before it are the boot sector and its like. */
  reserved: number;
  tables: number;
  tableSectors: number;
  /** The root directory's own region; empty with FAT32. */
  rootStart: number;
  rootSectors: number;
  /** First cluster of the root directory; 0 where it has a region of its own. */
  rootCluster: number;
  /** Where cluster 2 starts. */
  dataStart: number;
  /** Number of clusters; they are counted from 2. */
  clusters: number;
}

const firstSectorBytes = 512;
export const directoryEntryBytes = 32;

/** Reads the boot sector (Microsoft FAT32 File System Specification 1.03, "BPB"). Throws Malformed if it is none. */
export function readFat(view: DiskView): Fat {
  const boot = readInside(view, 0, firstSectorBytes);
  const sectorBytes = boot.readUInt16LE(11);
  const sectorsPerCluster = boot.readUInt8(13);
  const reserved = boot.readUInt16LE(14);
  const tables = boot.readUInt8(16);
  const tableSectors = boot.readUInt16LE(22) || boot.readUInt32LE(36);
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const powerOfTwo = (n: number) => n > 0 && (n & (n - 1)) === 0;
  const sound =
    boot.readUInt16LE(510) === 0xaa55 &&
    powerOfTwo(sectorBytes) &&
    sectorBytes >= 512 &&
    sectorBytes <= 4096 &&
    powerOfTwo(sectorsPerCluster) &&
    reserved > 0 &&
    tables > 0 &&
    tables <= 4 &&
    tableSectors > 0 &&
    sectors * sectorBytes <= view.bytes;
  if (!sound) throw new Malformed('no FAT boot sector');
  const rootStart = reserved + tables * tableSectors;
  const rootSectors = Math.ceil((boot.readUInt16LE(17) * directoryEntryBytes) / sectorBytes);
  const dataStart = rootStart + rootSectors;
  const clusters = Math.floor((sectors - dataStart) / sectorsPerCluster);
  if (clusters < 1) throw new Malformed('a FAT file system without room');
  const kind = kindOf(clusters);
  const rootCluster = kind === 'fat32' ? boot.readUInt32LE(44) : 0;
  const shape = { kind, sectorBytes, sectors, sectorsPerCluster, reserved, tables, tableSectors } as const;
  return { ...shape, rootStart, rootSectors, rootCluster, dataStart, clusters };
}

/** The number of clusters alone tells which FAT it is. */
function kindOf(clusters: number): Fat['kind'] {
  if (clusters < 4085) return 'fat12';
  return clusters < 65525 ? 'fat16' : 'fat32';
}

/** The clusters of a file in order; a damaged chain gives what precedes the damage. */
export function chainOf(view: DiskView, fat: Fat, first: number, budget: Budget): number[] {
  const chain: number[] = [];
  const seen = new Set<number>();
  for (let cluster = first; isCluster(fat, cluster) && !seen.has(cluster); ) {
    budget.take();
    seen.add(cluster);
    chain.push(cluster);
    cluster = entryOf(view, fat, cluster);
  }
  return chain;
}

function isCluster(fat: Fat, cluster: number): boolean {
  return cluster >= 2 && cluster < fat.clusters + 2;
}

/** The first table's entry for a cluster; 0 where the table is too short to have one. */
function entryOf(view: DiskView, fat: Fat, cluster: number): number {
  const start = fat.reserved * fat.sectorBytes;
  const end = start + fat.tableSectors * fat.sectorBytes;
  const at = (offset: number, bytes: number) =>
    start + offset + bytes <= end ? readInside(view, start + offset, bytes) : Buffer.alloc(bytes);
  switch (fat.kind) {
    case 'fat12': {
      const pair = at(cluster + (cluster >> 1), 2).readUInt16LE(0);
      return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
    }
    case 'fat16':
      return at(cluster * 2, 2).readUInt16LE(0);
    case 'fat32':
      return at(cluster * 4, 4).readUInt32LE(0) & 0x0fffffff;
  }
}

/** The first sector of a cluster. */
export function sectorOf(fat: Fat, cluster: number): number {
  return fat.dataStart + (cluster - 2) * fat.sectorsPerCluster;
}
