import { type Disk, DiskError } from './disk.ts';
import type { Change, PrologueRecorder } from './prologue.ts';

/** The answer to a read that is held: QEMU stops its guest, keeps the request and makes it again later (rerror=stop). */
export class HeldRead extends DiskError {
  constructor() {
    super('EIO', 'held');
    this.name = 'HeldRead';
  }
}

/** What a HoldDisk tells, and whom it asks. */
export interface Holder {
  /** The disk's name in the prologue. */
  disk: string;
  recorder: PrologueRecorder;
  /** Is this read to be held? Asked before each; `peek` says what it would be answered. */
  holds: (offset: number, length: number, peek: () => Promise<Buffer>) => boolean | Promise<boolean>;
}

/** Notes what a guest asks of its disk, and can hold it before it reads; changes nothing. */
export class HoldDisk implements Disk {
  readonly bytes: number;
  readonly readOnly: boolean;
  /** While set, a write of what is there already is not passed on: QEMU writes back a whole flash after a restore. */
  dropsRewrites = false;
  private readonly next: Disk;
  private readonly holder: Holder;

  constructor(next: Disk, holder: Holder) {
    this.next = next;
    this.holder = holder;
    this.bytes = next.bytes;
    this.readOnly = next.readOnly ?? false;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const { disk, recorder, holds } = this.holder;
    if (await holds(offset, length, () => this.next.read(offset, length))) throw new HeldRead();
    return recorder.read(disk, this.next, offset, length);
  }

  async write(offset: number, data: Buffer, fua: boolean): Promise<void> {
    if (this.dropsRewrites && data.equals(await this.next.read(offset, data.length))) return;
    await this.change({ kind: 'write', disk: this.holder.disk, offset, data, fua });
  }

  zero(offset: number, length: number, fua: boolean): Promise<void> {
    return this.change({ kind: 'zero', disk: this.holder.disk, offset, length, fua });
  }

  trim(offset: number, length: number, fua: boolean): Promise<void> {
    return this.change({ kind: 'trim', disk: this.holder.disk, offset, length, fua });
  }

  flush(): Promise<void> {
    return this.next.flush();
  }

  private change(change: Change): Promise<void> {
    return this.holder.recorder.change(change, this.next);
  }
}
