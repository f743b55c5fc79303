import { lstatSync, readdirSync, type Stats } from 'node:fs';

/** Bytes on the disk by file; a file with several names, as images share with the steps of their build, is one. */
export type DiskUse = ReadonlyMap<string, number>;

/** Names a file whatever it is called. */
export function fileKey({ dev, ino }: Pick<Stats, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`;
}

/**
 * What these paths take, as du(1) counts it; what goes while one looks takes nothing. Nothing is waited for:
 * a cache has some 80,000 files, and one after the other by the thread pool they cost thrice the CPU time, and much more waiting.
 */
export function diskUse(paths: readonly string[]): DiskUse {
  const found = new Map<string, number>();
  const visit = (path: string): void => {
    const stats = statsOf(path);
    if (stats === undefined) return;
    found.set(fileKey(stats), stats.blocks * 512);
    if (!stats.isDirectory()) return;
    for (const name of namesIn(path)) visit(`${path}/${name}`);
  };
  for (const path of paths) visit(path);
  return found;
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Bytes of all of them together, each file once. */
export function totalBytes(uses: Iterable<DiskUse>): number {
  return new Sum(uses).bytes;
}

/** Bytes of several things that share files. */
export class Sum {
  bytes = 0;
  private readonly names = new Map<string, number>();

  constructor(uses: Iterable<DiskUse>) {
    for (const use of uses)
      for (const [file, bytes] of use) {
        const before = this.names.get(file) ?? 0;
        if (before === 0) this.bytes += bytes;
        this.names.set(file, before + 1);
      }
  }

  /** Takes one of the things out of the sum; returns the bytes that no other of them has. */
  take(use: DiskUse): number {
    let freed = 0;
    for (const [file, bytes] of use) {
      const left = (this.names.get(file) ?? 1) - 1;
      this.names.set(file, left);
      if (left === 0) freed += bytes;
    }
    this.bytes -= freed;
    return freed;
  }
}
