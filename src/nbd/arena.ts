import { readSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { HarnessError, messageOf } from '../core/errors.ts';
import { sectorBytes } from '../writelog/log.ts';
import { DiskError } from './disk.ts';

/** A SectorMap holds arena positions in 31 bits: one arena ends at 1 TiB. */
const maxSectors = 2 ** 31;

/** What an arena says that has all it may have. */
export class ArenaFull extends DiskError {
  readonly limitBytes: number;
  constructor(path: string, limitBytes: number) {
    super('ENOSPC', `the write arena ${path} has reached ${limitBytes} bytes`);
    this.name = 'ArenaFull';
    this.limitBytes = limitBytes;
  }
}

/**
 * All data that guests wrote, one after the other, in 512-byte sectors; a sector never changes once
 * written. Disk states are maps into it. Calls are synchronous, so positions follow the order of calls.
 */
export class Arena implements AsyncDisposable {
  readonly path: string;
  private readonly handle: FileHandle;
  private used: number;
  private readonly limit: number;

  private constructor(path: string, handle: FileHandle, sectors: number, limit: number) {
    this.path = path;
    this.handle = handle;
    this.used = sectors;
    this.limit = limit;
  }

  /**
   * A new, empty arena; whatever the file held is dropped. It takes at most so many bytes: `ArenaFull` after that.
   * Throws HarnessError `arena-unusable`.
   */
  static create(path: string, limitBytes = maxSectors * sectorBytes): Promise<Arena> {
    return Arena.openWith(path, 'w+', Math.min(maxSectors, Math.floor(limitBytes / sectorBytes)));
  }

  /** An arena written earlier, for reading: `append` fails with EBADF. Throws HarnessError `arena-unusable`. */
  static open(path: string): Promise<Arena> {
    return Arena.openWith(path, 'r');
  }

  private static async openWith(path: string, flags: 'w+' | 'r', limit = maxSectors): Promise<Arena> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, flags);
      return new Arena(path, handle, Math.floor((await handle.stat()).size / sectorBytes), limit);
    } catch (error) {
      await handle?.close();
      throw new HarnessError('arena-unusable', `cannot open the write arena ${path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Number of sectors appended or reserved so far. */
  get sectors(): number {
    return this.used;
  }

  /**
   * Writes whole sectors at the end and returns the position of the first. A failure (ENOSPC) is the
   * file system's NodeJS.ErrnoException, and the arena is as it was.
   */
  append(data: Uint8Array): number {
    const at = this.used;
    this.checkRoom(data.length / sectorBytes);
    this.put(at, data);
    this.used = at + data.length / sectorBytes;
    return at;
  }

  /** Sets `count` sectors aside, to be given their content once by `store`. */
  reserve(count: number): number {
    this.checkRoom(count);
    const at = this.used;
    this.used += count;
    return at;
  }

  /** Gives reserved sectors their content. */
  store(sector: number, data: Uint8Array): void {
    this.put(sector, data);
  }

  /** The content of `count` sectors from `sector` on. */
  read(sector: number, count: number): Buffer {
    const data = Buffer.allocUnsafe(count * sectorBytes);
    this.readInto(data, sector * sectorBytes);
    return data;
  }

  /** Fills `target` from the byte position `at`. Throws DiskError EIO where the arena ends before. */
  readInto(target: Uint8Array, at: number): void {
    for (let done = 0; done < target.length; ) {
      const got = readSync(this.handle.fd, target, done, target.length - done, at + done);
      if (got === 0)
        throw new DiskError('EIO', `the write arena ${this.path} ends before byte ${at + target.length}`);
      done += got;
    }
  }

  private checkRoom(count: number): void {
    if (!Number.isInteger(count)) throw new RangeError('an arena takes whole sectors');
    if (this.used + count > this.limit) throw new ArenaFull(this.path, this.limit * sectorBytes);
  }

  private put(sector: number, data: Uint8Array): void {
    for (let done = 0; done < data.length; ) {
      done += writeSync(this.handle.fd, data, done, data.length - done, sector * sectorBytes + done);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close();
  }
}
