import type { LogRecord, WriteLog } from './log.ts';
import type { Window } from './windows.ts';

/**
 * The moments at which the un-flushed writes of a window are most: just before each flush completes (also one that was
 * issued before the window), and at the window's end; ascending.
 */
export function epochEnds(log: WriteLog, window: Pick<Window, 'from' | 'to'>): number[] {
  const ends = new Set<number>();
  for (const { kind, completed } of log.records)
    if (kind === 'flush' && completed !== undefined && completed > window.from && completed < window.to)
      ends.add(completed);
  ends.add(window.to);
  return [...ends].sort((a, b) => a - b);
}

/**
 * Follows a log forward and keeps the requests that a cut may lose: the same as `durabilityAt` for one moment after
 * the other, at a fraction of the cost.
 */
export class OpenWrites {
  private readonly log: WriteLog;
  private next = 0;
  private open: LogRecord[] = [];
  private readonly horizon: number[];
  /** Flushes that have been issued and not been seen to complete. */
  private flushes: LogRecord[] = [];

  constructor(log: WriteLog) {
    this.log = log;
    this.horizon = log.disks.map(() => -1);
  }

  /** The optional requests at `at`, in issue order; `at` must not be smaller than in the call before. */
  at(at: number): readonly LogRecord[] {
    const { records, disks } = this.log;
    const open = [...this.open];
    for (
      let record = records[this.next];
      record !== undefined && record.issued < at;
      record = records[this.next]
    ) {
      (record.kind === 'flush' ? this.flushes : open).push(record);
      this.next += 1;
    }
    const done = ({ completed }: LogRecord, before: number) => completed !== undefined && completed < before;
    for (const flush of this.flushes)
      if (done(flush, at)) this.horizon[flush.disk] = Math.max(this.horizon[flush.disk] ?? -1, flush.issued);
    this.flushes = this.flushes.filter((flush) => !done(flush, at));
    this.open = open.filter(
      (record) =>
        !done(record, this.horizon[record.disk] ?? -1) &&
        !((record.fua || disks[record.disk]?.cache === 'writethrough') && done(record, at)),
    );
    return this.open;
  }
}
