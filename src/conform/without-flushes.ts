import { sha256 } from '../core/digest.ts';
import type { Trace } from '../recording/trace.ts';
import { WriteLog } from '../writelog/log.ts';
import type { Window } from '../writelog/windows.ts';

/**
 * The same trace on a disk that keeps none of its word while an installation goes on: its flushes and forced writes save
 * nothing. The guest would have seen no difference.
 */
export function withoutFlushes(trace: Trace, { from, to }: Pick<Window, 'from' | 'to'>): Trace {
  const { log } = trace;
  const records = log.records.map((record) => {
    if (record.issued < from || record.issued >= to) return record;
    return record.kind === 'flush' ? { ...record, completed: undefined } : { ...record, fua: false };
  });
  return {
    ...trace,
    log: WriteLog.restore(log.disks, records, log.marks),
    sha256: sha256(`${trace.sha256} without flushes`),
  };
}
