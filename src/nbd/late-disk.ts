import { setTimeout } from 'node:timers/promises';
import type { Random } from '../core/random.ts';
import type { Disk } from './disk.ts';

/** One request in so many is answered late. */
const lateOf = 8;
const mostLateMs = 8;

/** Does all requests at once, and answers some of them milliseconds later: another timing, and nothing else. */
export class LateDisk implements Disk {
  readonly bytes: number;
  readonly readOnly: boolean;
  private readonly next: Disk;
  private readonly random: Random;
  private readonly wait: (ms: number) => Promise<unknown>;

  /** `random` draws which requests, and how late they are. */
  constructor(next: Disk, random: Random, wait: (ms: number) => Promise<unknown> = setTimeout) {
    this.next = next;
    this.random = random;
    this.wait = wait;
    this.bytes = next.bytes;
    this.readOnly = next.readOnly ?? false;
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.late(this.next.read(offset, length));
  }

  write(offset: number, data: Buffer, fua: boolean): Promise<void> {
    return this.late(this.next.write(offset, data, fua));
  }

  zero(offset: number, length: number, fua: boolean): Promise<void> {
    return this.late(this.next.zero(offset, length, fua));
  }

  trim(offset: number, length: number, fua: boolean): Promise<void> {
    return this.late(this.next.trim(offset, length, fua));
  }

  flush(): Promise<void> {
    return this.late(this.next.flush());
  }

  private async late<T>(request: Promise<T>): Promise<T> {
    const lateMs = this.random.int(lateOf) === 0 ? 1 + this.random.int(mostLateMs) : 0;
    const answer = await request;
    if (lateMs > 0) await this.wait(lateMs);
    return answer;
  }
}
