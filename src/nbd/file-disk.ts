import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { HarnessError, messageOf } from '../core/errors.ts';
import { sectorBytes } from '../writelog/log.ts';
import { type Disk, DiskError, refuseWrite } from './disk.ts';

/**
 * A raw image file, never written. Reads are synchronous: from the page cache a `pread` is many times
 * cheaper than a trip through libuv's thread pool. A size that is no multiple of 512 is rounded up with zeros.
 */
export class FileDisk implements Disk, AsyncDisposable {
  readonly bytes: number;
  readonly readOnly = true;
  private readonly path: string;
  private readonly handle: FileHandle;
  private readonly fileBytes: number;

  private constructor(path: string, handle: FileHandle, fileBytes: number) {
    this.path = path;
    this.handle = handle;
    this.fileBytes = fileBytes;
    this.bytes = Math.ceil(fileBytes / sectorBytes) * sectorBytes;
  }

  /** Throws HarnessError `image-unreadable` where `path` is no readable regular file or is empty. */
  static async open(path: string): Promise<FileDisk> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const stat = await handle.stat();
      if (!stat.isFile() || stat.size === 0)
        throw new Error(stat.isFile() ? 'it is empty' : 'it is not a file');
      return new FileDisk(path, handle, stat.size);
    } catch (error) {
      await handle?.close();
      throw new HarnessError('image-unreadable', `cannot open disk image ${path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  read(offset: number, length: number): Promise<Buffer> {
    return new Promise((resolve) => {
      resolve(this.readNow(offset, length));
    });
  }

  /** The same as `read`, at once. */
  readNow(offset: number, length: number): Buffer {
    const data = Buffer.allocUnsafe(length);
    const stored = Math.max(0, Math.min(length, this.fileBytes - offset));
    for (let done = 0; done < stored; ) {
      const got = readSync(this.handle.fd, data, done, stored - done, offset + done);
      if (got === 0) throw new DiskError('EIO', `${this.path} became shorter while it was in use`);
      done += got;
    }
    return stored === length ? data : data.fill(0, stored);
  }

  write(): Promise<void> {
    return refuseWrite(this.path);
  }

  zero(): Promise<void> {
    return refuseWrite(this.path);
  }

  trim(): Promise<void> {
    return refuseWrite(this.path);
  }

  async flush(): Promise<void> {
    // Nothing is ever written.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close();
  }
}
