import { DeviceFailure } from '../../../src/core/errors.ts';
import type { Disk } from '../../../src/nbd/disk.ts';
import { padded, roundUp, sector } from './sectors.ts';

/** Sectors with an entry each, at the disk's beginning. */
const entries = 32;

/** A file as the guest sees it. */
export interface StoredFile {
  content: Buffer;
  /** `644 0:0`. */
  access: string;
  /** A symbolic link: the content is its target. */
  link?: true;
}

interface Entry {
  path: string;
  access: string;
  link?: true;
  /** Sector of the content. */
  at: number;
  bytes: number;
}

/**
 * A file system without a journal: a table of entries, one sector each, and the files' contents. An entry is written
 * whole or not at all, so that a new content in free sectors, a flush and then the entry replace a file atomically.
 */
export class FileStore {
  private readonly disk: Disk;

  constructor(disk: Disk) {
    this.disk = disk;
  }

  async read(path: string): Promise<StoredFile | undefined> {
    const { file } = await this.find(path);
    if (file === undefined) return undefined;
    const content = await this.disk.read(file.at * sector, roundUp(file.bytes));
    const link = file.link === true ? { link: true as const } : {};
    return { content: content.subarray(0, file.bytes), access: file.access, ...link };
  }

  /**
   * Writes the content to free sectors, and then the entry. A flush between the two makes it atomic; one after them,
   * that nobody is given the old sectors before they are free for good.
   */
  async replace(
    path: string,
    content: Buffer,
    { access, link, flush = true }: Replacing = {},
  ): Promise<void> {
    const { table, place, file } = await this.find(path);
    const at = this.free(table, roundUp(content.length) / sector);
    if (content.length > 0) await this.disk.write(at * sector, padded(content), false);
    if (flush) await this.disk.flush();
    await this.put(place, {
      path,
      access: access ?? file?.access ?? '644 0:0',
      ...(link === true ? { link } : {}),
      at,
      bytes: content.length,
    });
    if (flush) await this.disk.flush();
  }

  /** What `> path` does: the file is emptied first, and has its new content, in its old place, a while later. */
  async rewrite(path: string, content: Buffer): Promise<void> {
    const { place, file } = await this.find(path);
    if (file === undefined) return;
    await this.put(place, { ...file, bytes: 0 });
    await this.disk.flush();
    await this.disk.write(file.at * sector, padded(content), false);
    await this.put(place, { ...file, bytes: content.length });
  }

  /** Changes the entry alone, and asks the disk to keep nothing. */
  async chmod(path: string, mode: string): Promise<void> {
    const { place, file } = await this.find(path);
    const [, owner = ''] = file?.access.split(' ') ?? [];
    if (file !== undefined) await this.put(place, { ...file, access: `${mode} ${owner}` });
  }

  async remove(path: string): Promise<boolean> {
    const { place, file } = await this.find(path);
    if (file !== undefined) await this.disk.write(place * sector, Buffer.alloc(sector), false);
    return file !== undefined;
  }

  async paths(): Promise<string[]> {
    return (await this.table()).flatMap((entry) => entry?.path ?? []);
  }

  flush(): Promise<void> {
    return this.disk.flush();
  }

  private async find(
    path: string,
  ): Promise<{ table: (Entry | undefined)[]; place: number; file: Entry | undefined }> {
    const table = await this.table();
    const found = table.findIndex((entry) => entry?.path === path);
    const place = found < 0 ? table.indexOf(undefined) : found;
    return { table, place, file: table[found] };
  }

  private async table(): Promise<(Entry | undefined)[]> {
    const bytes = await this.disk.read(0, entries * sector);
    return Array.from({ length: entries }, (_, i) => {
      const start = i * sector;
      if (bytes[start] === 0) return undefined;
      const end = bytes.indexOf(0, start);
      const text = bytes.toString('utf8', start, end < 0 ? start + sector : Math.min(end, start + sector));
      try {
        return JSON.parse(text) as Entry;
      } catch (error) {
        throw new DeviceFailure('kernel-panic', `entry ${i} of the file system is none`, { cause: error });
      }
    });
  }

  private put(place: number, entry: Entry): Promise<void> {
    return this.disk.write(place * sector, padded(Buffer.from(JSON.stringify(entry))), false);
  }

  /** The first stretch of sectors that no entry has. */
  private free(table: readonly (Entry | undefined)[], count: number): number {
    const used = new Set(
      table.flatMap((entry) =>
        entry === undefined
          ? []
          : Array.from({ length: roundUp(entry.bytes) / sector }, (_, i) => entry.at + i),
      ),
    );
    for (let at = entries; ; at += 1)
      if (Array.from({ length: count }, (_, i) => at + i).every((one) => !used.has(one))) return at;
  }
}

interface Replacing {
  access?: string;
  link?: true;
  flush?: boolean;
}

/** A disk that holds these files when it leaves the factory. */
export async function factoryFiles(
  sectors: number,
  files: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>> = {},
): Promise<Buffer> {
  const bytes = Buffer.alloc(sectors * sector);
  const store = new FileStore(memoryDisk(bytes));
  for (const [path, content] of Object.entries(files)) await store.replace(path, Buffer.from(content));
  for (const [path, to] of Object.entries(links))
    await store.replace(path, Buffer.from(to), { access: '777 0:0', link: true });
  return bytes;
}

/** Bytes as a disk. */
function memoryDisk(bytes: Buffer): Disk {
  return {
    bytes: bytes.length,
    read: (offset, length) => Promise.resolve(Buffer.from(bytes.subarray(offset, offset + length))),
    write: (offset, data) => Promise.resolve(void data.copy(bytes, offset)),
    zero: (offset, length) => Promise.resolve(void bytes.fill(0, offset, offset + length)),
    trim: (offset, length) => Promise.resolve(void bytes.fill(0, offset, offset + length)),
    flush: () => Promise.resolve(),
  };
}
