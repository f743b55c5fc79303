/**
 * The write log: what the guest asked of all its disks, in the order of issue, with the moment of
 * completion of each request. Moments are ticks of one counter over all disks, so they can be compared.
 */

/** The atom of the crash model: a cut never leaves part of a sector. */
export const sectorBytes = 512;

/** A disk as the log sees it. */
export interface LogDisk {
  id: string;
  sectors: number;
  /** `writethrough`: each write is durable when it completes (NOR flash has no cache). */
  cache: 'writeback' | 'writethrough';
}

export type RequestKind = 'write' | 'zero' | 'trim' | 'flush';

/** One request that can change, or make durable, what is on a disk. */
export interface LogRecord {
  /** Position in `WriteLog.records`. */
  seq: number;
  /** Position in `WriteLog.disks`. */
  disk: number;
  kind: RequestKind;
  /** Forced unit access: durable when it completes. */
  fua: boolean;
  /** First sector and number of sectors; 0, 0 for a flush. */
  sector: number;
  count: number;
  /** For `write`: where in the arena the first of `count` consecutive sectors is; otherwise -1. */
  arena: number;
  issued: number;
  /** Undefined while under way, and for ever if the power went first. */
  completed: number | undefined;
}

/** What the scenario was doing from this moment on. */
export interface Mark {
  at: number;
  name: string;
}

/** Collects requests and marks while a target runs. */
export class WriteLog {
  readonly disks: readonly LogDisk[];
  readonly records: LogRecord[] = [];
  readonly marks: Mark[] = [];
  /**
   * False from the moment at which a guest ends its power cycle by itself to the next. QEMU flushes every disk when
   * it ends, as no device does that merely resets itself: such a flush is never completed, and so vouches for nothing.
   */
  guestRuns = true;
  private tick = 0;

  constructor(disks: readonly LogDisk[]) {
    this.disks = disks;
  }

  /** A log that was recorded earlier, ready to be read (and continued). */
  static restore(disks: readonly LogDisk[], records: readonly LogRecord[], marks: readonly Mark[]): WriteLog {
    const log = new WriteLog(disks);
    for (const record of records) {
      log.records.push(record);
      log.tick = Math.max(log.tick, record.issued + 1, (record.completed ?? 0) + 1);
    }
    for (const mark of marks) {
      log.marks.push(mark);
      log.tick = Math.max(log.tick, mark.at + 1);
    }
    return log;
  }

  /** The current moment: everything so far happened before it. */
  get now(): number {
    return this.tick;
  }

  /** Notes that a request arrived. `arena` is where a write's data will be. */
  issue(disk: number, kind: RequestKind, sector: number, count: number, fua: boolean, arena = -1): LogRecord {
    const record: LogRecord = {
      seq: this.records.length,
      disk,
      kind,
      fua,
      sector,
      count,
      arena,
      issued: this.tick++,
      completed: undefined,
    };
    this.records.push(record);
    return record;
  }

  /** Notes that the guest is about to be told of a request's end. */
  complete(record: LogRecord): void {
    if (record.kind === 'flush' && !this.guestRuns) return;
    record.completed = this.tick++;
  }

  /** Notes what the scenario does from now on. */
  mark(name: string): Mark {
    const mark = { at: this.tick++, name };
    this.marks.push(mark);
    return mark;
  }
}
