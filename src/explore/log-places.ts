import type { LogRecord, WriteLog } from '../writelog/log.ts';
import type { Window } from '../writelog/windows.ts';

/** Which window a write was issued in, or -1; to be asked in issue order. */
export class WindowFinder {
  private readonly windows: readonly Window[];
  private next = 0;

  constructor(windows: readonly Window[]) {
    this.windows = windows;
  }

  of({ issued }: LogRecord): number {
    while ((this.windows[this.next]?.to ?? Number.POSITIVE_INFINITY) <= issued) this.next += 1;
    return issued >= (this.windows[this.next]?.from ?? Number.POSITIVE_INFINITY) ? this.next : -1;
  }
}

/** Counts completed flushes up to a moment; to be asked in order. */
export class EpochCounter {
  private readonly completions: number[];
  private next = 0;

  constructor(log: WriteLog) {
    this.completions = log.records
      .flatMap(({ kind, completed }) => (kind === 'flush' && completed !== undefined ? [completed] : []))
      .sort((a, b) => a - b);
  }

  at(moment: number): number {
    while ((this.completions[this.next] ?? moment) < moment) this.next += 1;
    return this.next;
  }
}
