import { type LogRecord, type RequestKind, sectorBytes, type WriteLog } from '../writelog/log.ts';
import { emptyMap, mapToArena, type SectorMap, zeroed } from '../writelog/sector-map.ts';
import type { Arena } from './arena.ts';
import { Completions } from './completions.ts';
import type { Disk } from './disk.ts';
import { type MappedSource, readMapped } from './mapped-read.ts';

/** Where an overlay notes its requests: `disk` is the position in `log.disks`. */
export interface Recorder {
  log: WriteLog;
  disk: number;
}

/**
 * Takes writes over a disk that never changes: data goes to the arena, the sector map says where. Every
 * request is logged on arrival and takes effect in that order. Requests on whole sectors take effect before
 * the call returns; parts of sectors are widened to whole ones, and what arrives meanwhile queues behind.
 */
export class OverlayDisk implements Disk {
  readonly bytes: number;
  readonly map: SectorMap;
  private readonly source: MappedSource;
  private readonly arena: Arena;
  private readonly recorder: Recorder | undefined;
  private readonly completions = new Completions();
  /** Settles when all effects so far are in the map; undefined while none is waited for. */
  private pending: Promise<void> | undefined;
  private readonly onFailure: (error: Error) => void;

  /** `onFailure` is told of each error of the host's storage (a full disk, a damaged image): the log proves nothing then. */
  constructor(
    next: Disk,
    arena: Arena,
    recorder?: Recorder,
    onFailure: (error: Error) => void = () => undefined,
  ) {
    this.arena = arena;
    this.recorder = recorder;
    this.onFailure = onFailure;
    this.bytes = next.bytes;
    this.map = emptyMap(next.bytes / sectorBytes);
    this.source = { next, map: this.map, arena };
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.keepFailure(async () => {
      if (this.pending !== undefined) await this.pending;
      return readMapped(this.source, offset, length);
    });
  }

  write(offset: number, data: Buffer, fua: boolean): Promise<void> {
    const sector = Math.floor(offset / sectorBytes);
    const count = Math.ceil((offset + data.length) / sectorBytes) - sector;
    const whole = offset % sectorBytes === 0 && data.length % sectorBytes === 0;
    return this.keepFailure(() => {
      const at = whole ? this.arena.append(data) : this.arena.reserve(count);
      const record = this.issue('write', sector, count, fua, at);
      if (whole) return this.inOrder(record, () => mapToArena(this.map, sector, count, at));
      return this.inOrder(record, async () => {
        const widened = await readMapped(this.source, sector * sectorBytes, count * sectorBytes);
        data.copy(widened, offset - sector * sectorBytes);
        this.arena.store(at, widened);
        mapToArena(this.map, sector, count, at);
      });
    });
  }

  zero(offset: number, length: number, fua: boolean): Promise<void> {
    return this.clear('zero', offset, length, fua);
  }

  trim(offset: number, length: number, fua: boolean): Promise<void> {
    return this.clear('trim', offset, length, fua);
  }

  flush(): Promise<void> {
    return this.inOrder(this.issue('flush', 0, 0, false), () => undefined);
  }

  /** Whole sectors become zeros in the map; parts of sectors at either end are written. */
  private async clear(kind: 'zero' | 'trim', offset: number, length: number, fua: boolean): Promise<void> {
    const first = Math.ceil(offset / sectorBytes);
    const end = Math.floor((offset + length) / sectorBytes);
    if (first >= end) return this.write(offset, Buffer.alloc(length), fua);
    const parts: Promise<void>[] = [];
    const head = first * sectorBytes - offset;
    if (head > 0) parts.push(this.write(offset, Buffer.alloc(head), fua));
    const record = this.issue(kind, first, end - first, fua);
    parts.push(this.inOrder(record, () => this.map.fill(zeroed, first, end)));
    const tail = offset + length - end * sectorBytes;
    if (tail > 0) parts.push(this.write(end * sectorBytes, Buffer.alloc(tail), fua));
    await Promise.all(parts);
  }

  private issue(
    kind: RequestKind,
    sector: number,
    count: number,
    fua: boolean,
    at?: number,
  ): LogRecord | undefined {
    return this.recorder?.log.issue(this.recorder.disk, kind, sector, count, fua, at);
  }

  /** Runs `effect` now if nothing is waited for, else after all effects before it; then logs the completion. */
  private inOrder(record: LogRecord | undefined, effect: () => unknown): Promise<void> {
    if (this.pending !== undefined) return this.complete(record, this.queue(this.pending.then(effect)));
    const outcome = effect();
    return this.complete(record, outcome instanceof Promise ? this.queue(outcome) : undefined);
  }

  /** Logs the end of a request after its effect, when the guest can be told of it. */
  private async complete(record: LogRecord | undefined, effect: Promise<unknown> | undefined): Promise<void> {
    if (effect !== undefined) await effect;
    if (record === undefined) return;
    // One turn more, in which QEMU's word of the guest's end arrives if the flush came after it.
    if (record.kind === 'flush') await this.completions.after(() => undefined);
    await this.completions.after(() => this.recorder?.log.complete(record));
  }

  /** Lets later requests wait for `work`, whether it succeeds or not. */
  private queue(work: Promise<unknown>): Promise<unknown> {
    const settled = work
      .catch(() => undefined)
      .then(() => {
        if (this.pending === settled) this.pending = undefined;
      });
    this.pending = settled;
    return work;
  }

  private async keepFailure<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.noteFailure(error);
      throw error;
    }
  }

  private noteFailure(error: unknown): void {
    this.onFailure(error instanceof Error ? error : new Error(String(error)));
  }
}
