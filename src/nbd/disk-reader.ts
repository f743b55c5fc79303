import type { DiskView } from '../filesystem/view.ts';
import type { Disk } from './disk.ts';

/** What a look needs next; never leaves this file. */
class NotRead extends Error {
  readonly offset: number;
  readonly length: number;

  constructor(offset: number, length: number) {
    super(`bytes ${offset} to ${offset + length} are not at hand`);
    this.offset = offset;
    this.length = length;
  }
}

/** Lets the readers of file systems, which read at once, look at a disk that is in use. What was read once is not read again. */
export class DiskReader {
  private readonly disk: Pick<Disk, 'bytes' | 'read'>;
  private readonly known = new Map<string, Buffer>();
  readonly view: DiskView;

  constructor(disk: Pick<Disk, 'bytes' | 'read'>) {
    this.disk = disk;
    this.view = {
      bytes: disk.bytes,
      read: (offset, length) => {
        const found = this.known.get(`${offset} ${length}`);
        if (found === undefined) throw new NotRead(offset, length);
        return found;
      },
    };
  }

  /**
   * What `look` makes of the view; it is begun again whenever something was to be read first, so it must have no effect but its
   * result. Rejects with what `look` throws, and with the disk's errors.
   */
  async look<T>(look: () => T): Promise<T> {
    for (;;) {
      try {
        return look();
      } catch (error) {
        if (!(error instanceof NotRead)) throw error;
        const { offset, length } = error;
        this.known.set(`${offset} ${length}`, await this.disk.read(offset, length));
      }
    }
  }
}
