import { type FileTree, type PathFacts, usualMost } from '../file-tree.ts';
import { Budget, unlessMalformed } from '../malformed.ts';
import { type DiskView, readInside } from '../view.ts';
import { type FatEntry, fatEntries } from './directory.ts';
import { chainOf, type Fat, readFat, sectorOf } from './volume.ts';

/** Steps that one path or file may take. */
const mostSteps = 1 << 20;
const mostDirectoryBytes = 1 << 21;

/** The files of a FAT file system; names in any case. Throws Malformed if it is none. */
export function fatFiles(view: DiskView): FileTree {
  return new FatFiles(view);
}

class FatFiles implements FileTree {
  readonly kind = 'fat';
  readonly label: string;
  readonly uuid: string;
  private readonly view: DiskView;
  private readonly fat: Fat;

  constructor(view: DiskView) {
    this.view = view;
    this.fat = readFat(view);
    // The extended boot record is where the root directory's own fields, which FAT32 has before it, end.
    const extended = readInside(view, this.fat.kind === 'fat32' ? 64 : 36, 26);
    const number = extended.readUInt32LE(3).toString(16).toUpperCase().padStart(8, '0');
    const named = extended.readUInt8(2) === 0x29;
    this.uuid = named ? `${number.slice(0, 4)}-${number.slice(4)}` : '';
    this.label = named
      ? extended
          .toString('latin1', 7, 18)
          .trimEnd()
          .replace(/^NO NAME$/, '')
      : '';
  }

  names(path: string): string[] {
    return unlessMalformed(
      () => (this.folder(path, new Budget(mostSteps)) ?? []).map(({ name }) => name).sort(),
      () => [],
    );
  }

  read(path: string, most = usualMost): Buffer | undefined {
    return unlessMalformed(
      () => {
        const budget = new Budget(mostSteps);
        const { folder, name } = parted(path);
        const entry = this.folder(folder, budget)?.find((one) => isCalled(one, name) && !one.directory);
        return entry && this.content(entry.firstCluster, Math.min(entry.bytes, most), budget);
      },
      () => undefined,
    );
  }

  facts(path: string): PathFacts | undefined {
    const { folder, name } = parted(path);
    const entry = unlessMalformed(
      () => this.folder(folder, new Budget(mostSteps))?.find((one) => isCalled(one, name)),
      () => undefined,
    );
    if (entry === undefined) return undefined;
    return { kind: entry.directory ? 'folder' : 'file', mode: 0o755, uid: 0, gid: 0, bytes: entry.bytes };
  }

  private folder(path: string, budget: Budget): FatEntry[] | undefined {
    let entries = fatEntries(this.root(budget), this.fat.kind === 'fat32');
    for (const name of path.split('/').filter((word) => word !== '')) {
      const next = entries.find((one) => isCalled(one, name) && one.directory);
      if (next === undefined) return undefined;
      const bytes = this.content(next.firstCluster, mostDirectoryBytes, budget);
      entries = fatEntries(bytes, this.fat.kind === 'fat32');
    }
    return entries;
  }

  private root(budget: Budget): Buffer {
    const { kind, rootStart, rootSectors, rootCluster, sectorBytes } = this.fat;
    if (kind === 'fat32') return this.content(rootCluster, mostDirectoryBytes, budget);
    return readInside(this.view, rootStart * sectorBytes, rootSectors * sectorBytes);
  }

  /** So many bytes of a chain of clusters; fewer where it is shorter. */
  private content(first: number, most: number, budget: Budget): Buffer {
    const { sectorBytes, sectorsPerCluster } = this.fat;
    const clusterBytes = sectorBytes * sectorsPerCluster;
    const pieces: Buffer[] = [];
    let left = most;
    for (const cluster of chainOf(this.view, this.fat, first, budget)) {
      if (left <= 0) break;
      const length = Math.min(left, clusterBytes);
      pieces.push(readInside(this.view, sectorOf(this.fat, cluster) * sectorBytes, length));
      left -= length;
    }
    return Buffer.concat(pieces);
  }
}

function parted(path: string): { folder: string; name: string } {
  const words = path.split('/').filter((word) => word !== '');
  return { folder: words.slice(0, -1).join('/'), name: words.at(-1) ?? '' };
}

function isCalled({ name }: FatEntry, wanted: string): boolean {
  return name.toLowerCase() === wanted.toLowerCase();
}
