import { sectorBytes } from '../writelog/log.ts';
import { Completions } from './completions.ts';
import type { Disk } from './disk.ts';

/** Data that a power cut would still lose. */
interface Unflushed {
  offset: number;
  data: Buffer;
  /** Whether the guest was told that the write is done; shared by all parts of one write. */
  request: { answered: boolean };
}

/**
 * A disk with a volatile cache, as a real drive has one: writes stay in memory until a flush (or FUA) carries
 * them to `next`, and `losePower` forgets the rest. It decides durability while the guest runs, without the
 * write log, and so serves to check the log's rules against.
 */
export class WriteBackCache implements Disk {
  readonly bytes: number;
  private readonly next: Disk;
  private readonly completions = new Completions();
  /** In the order of arrival. */
  private unflushed: Unflushed[] = [];
  /** What `next` is asked for, one thing after the other. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(next: Disk) {
    this.next = next;
    this.bytes = next.bytes;
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.enqueue(async () => {
      const data = await this.next.read(offset, length);
      for (const entry of this.unflushed) copyOverlap(entry, offset, data);
      return data;
    });
  }

  async write(offset: number, data: Buffer, fua: boolean): Promise<void> {
    const own = Buffer.from(data);
    if (fua) {
      this.unflushed = this.unflushed.flatMap((entry) => without(entry, offset, offset + own.length));
      return this.enqueue(() => this.next.write(offset, own, true));
    }
    const request = { answered: false };
    this.unflushed.push({ offset, data: own, request });
    return this.completions.after(() => {
      request.answered = true;
    });
  }

  zero(offset: number, length: number, fua: boolean): Promise<void> {
    return this.write(offset, Buffer.alloc(length), fua);
  }

  trim(offset: number, length: number, fua: boolean): Promise<void> {
    return this.write(offset, Buffer.alloc(length), fua);
  }

  flush(): Promise<void> {
    const covered = this.unflushed.filter(({ request }) => request.answered);
    const requests = new Set(covered.map(({ request }) => request));
    return this.enqueue(async () => {
      for (const { offset, data } of covered) await this.next.write(offset, data, false);
      this.unflushed = this.unflushed.filter(({ request }) => !requests.has(request));
      await this.next.flush();
    });
  }

  /** Forgets every write that no flush has carried to `next`. Returns how many sectors that loses. */
  losePower(): Promise<number> {
    return this.enqueue(() => {
      const sectors = this.unflushed.reduce((sum, { data }) => sum + Math.ceil(data.length / sectorBytes), 0);
      this.unflushed = [];
      return Promise.resolve(sectors);
    });
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }
}

function copyOverlap({ offset, data }: Unflushed, start: number, target: Buffer): void {
  const from = Math.max(offset, start);
  const to = Math.min(offset + data.length, start + target.length);
  if (from < to) data.copy(target, from - start, from - offset, to - offset);
}

/** The parts of an entry that lie outside [from, to). */
function without(entry: Unflushed, from: number, to: number): Unflushed[] {
  const end = entry.offset + entry.data.length;
  if (to <= entry.offset || from >= end) return [entry];
  const parts: Unflushed[] = [];
  if (entry.offset < from) parts.push({ ...entry, data: entry.data.subarray(0, from - entry.offset) });
  if (to < end) parts.push({ ...entry, offset: to, data: entry.data.subarray(to - entry.offset) });
  return parts;
}
