import type { LogRecord, WriteLog } from './log.ts';

/** A stretch of the log during which the scenario did one thing. */
export interface Window {
  /** Position of the upgrade within the path, from 0. */
  upgrade: number;
  phase: string;
  /** First moment inside, and first moment after. */
  from: number;
  to: number;
}

/** The name of the mark that begins a window; `idle` ends one without beginning another. */
export function windowMark(upgrade: number, phase: string): string {
  return `${upgrade}/${phase}`;
}

/** The mark that ends a window without beginning another. */
export const idleMark = 'idle';

/** The windows of a log, from its marks, in order. */
export function windowsOf(log: WriteLog): Window[] {
  return log.marks.flatMap((mark, i) => {
    const [upgrade, phase] = mark.name.split('/');
    if (phase === undefined) return [];
    return [{ upgrade: Number(upgrade), phase, from: mark.at, to: log.marks[i + 1]?.at ?? log.now }];
  });
}

/** The requests that were issued inside a window and change something (no flushes). */
export function writesIn(log: WriteLog, window: Window): LogRecord[] {
  return log.records.filter(
    (record) => record.kind !== 'flush' && record.issued >= window.from && record.issued < window.to,
  );
}
