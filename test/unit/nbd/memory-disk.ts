import type { Disk } from '../../../src/nbd/disk.ts';

/** A disk in memory that can be told to answer late or to fail. */
export class MemoryDisk implements Disk {
  readonly bytes: number;
  readonly data: Buffer;
  /** Names of the calls that reached it, in order. */
  readonly calls: string[] = [];
  /** Every call fails with this. */
  failure: Error | undefined;
  private gate: Promise<void> | undefined;

  constructor(stored: number, claimedBytes = stored) {
    this.bytes = claimedBytes;
    this.data = Buffer.alloc(stored);
  }

  /** Lets every call wait until the function returned is called. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => {
      this.gate = undefined;
      open();
    };
  }

  async read(offset: number, length: number): Promise<Buffer> {
    await this.enter(`read ${offset} ${length}`);
    return Buffer.from(this.data.subarray(offset, offset + length));
  }

  async write(offset: number, data: Buffer, fua: boolean): Promise<void> {
    await this.enter(`write ${offset} ${data.length}${fua ? ' fua' : ''}`);
    data.copy(this.data, offset);
  }

  async zero(offset: number, length: number): Promise<void> {
    await this.enter(`zero ${offset} ${length}`);
    this.data.fill(0, offset, offset + length);
  }

  async trim(offset: number, length: number): Promise<void> {
    await this.enter(`trim ${offset} ${length}`);
    this.data.fill(0, offset, offset + length);
  }

  async flush(): Promise<void> {
    await this.enter('flush');
  }

  private async enter(call: string): Promise<void> {
    this.calls.push(call);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
  }
}
