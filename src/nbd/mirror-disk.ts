import type { Disk } from './disk.ts';

/** Sends every write to two disks and reads from the first; a request is done when both are. */
export class MirrorDisk implements Disk {
  readonly bytes: number;
  private readonly first: Disk;
  private readonly second: Disk;

  constructor(first: Disk, second: Disk) {
    this.first = first;
    this.second = second;
    this.bytes = first.bytes;
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.first.read(offset, length);
  }

  write(offset: number, data: Buffer, fua: boolean): Promise<void> {
    return this.both((disk) => disk.write(offset, data, fua));
  }

  zero(offset: number, length: number, fua: boolean): Promise<void> {
    return this.both((disk) => disk.zero(offset, length, fua));
  }

  trim(offset: number, length: number, fua: boolean): Promise<void> {
    return this.both((disk) => disk.trim(offset, length, fua));
  }

  flush(): Promise<void> {
    return this.both((disk) => disk.flush());
  }

  private async both(request: (disk: Disk) => Promise<void>): Promise<void> {
    await Promise.all([request(this.first), request(this.second)]);
  }
}
