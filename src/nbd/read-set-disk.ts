import type { Disk } from './disk.ts';
import type { ReadSet } from './read-set.ts';

/** Notes what a boot reads of its disk before it writes it (the read set); changes nothing. */
export class ReadSetDisk implements Disk {
  readonly bytes: number;
  readonly readOnly: boolean;
  private readonly next: Disk;
  private readonly readSet: ReadSet;

  constructor(next: Disk, readSet: ReadSet) {
    this.next = next;
    this.readSet = readSet;
    this.bytes = next.bytes;
    this.readOnly = next.readOnly ?? false;
  }

  read(offset: number, length: number): Promise<Buffer> {
    this.readSet.noteRead(offset, offset + length);
    return this.next.read(offset, length);
  }

  write(offset: number, data: Buffer, fua: boolean): Promise<void> {
    this.readSet.noteWrite(offset, offset + data.length);
    return this.next.write(offset, data, fua);
  }

  zero(offset: number, length: number, fua: boolean): Promise<void> {
    this.readSet.noteWrite(offset, offset + length);
    return this.next.zero(offset, length, fua);
  }

  trim(offset: number, length: number, fua: boolean): Promise<void> {
    this.readSet.noteWrite(offset, offset + length);
    return this.next.trim(offset, length, fua);
  }

  flush(): Promise<void> {
    return this.next.flush();
  }
}
