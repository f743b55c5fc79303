import type { LogRecord, WriteLog } from './log.ts';

/**
 * What a power cut at moment `at` may leave of each request. Everything with a tick below `at` has happened.
 * The rules are those of virtio-blk (VIRTIO 1.2, section 5.2.6.2) and NBD (proto.md, "Ordering of messages and
 * writes"): nothing but a flush, or FUA, orders or saves a write.
 */
export interface Durability {
  /** Requests whose effect is certainly on the disk, in issue order. */
  durable: LogRecord[];
  /** Requests whose effect may or may not be there, in issue order. */
  optional: LogRecord[];
}

/**
 * Splits the requests issued before `at`. A FLUSH that has completed makes durable every write of its disk
 * that had completed before the flush was issued; a FUA write, and any write to a write-through disk, is
 * durable once it has completed. Flushes themselves appear in neither list.
 */
export function durabilityAt(log: WriteLog, at: number): Durability {
  const horizon = flushHorizons(log, at);
  const result: Durability = { durable: [], optional: [] };
  for (const record of log.records) {
    if (record.issued >= at) break;
    if (record.kind === 'flush') continue;
    const isDurable =
      completedBefore(record, horizon[record.disk] ?? -1) ||
      ((record.fua || log.disks[record.disk]?.cache === 'writethrough') && completedBefore(record, at));
    (isDurable ? result.durable : result.optional).push(record);
  }
  return result;
}

/** Per disk: the latest issue among the flushes that completed before `at`; -1 where there is none. */
function flushHorizons(log: WriteLog, at: number): number[] {
  const horizon = log.disks.map(() => -1);
  for (const record of log.records) {
    if (record.issued >= at) break;
    if (record.kind === 'flush' && completedBefore(record, at))
      horizon[record.disk] = Math.max(horizon[record.disk] ?? -1, record.issued);
  }
  return horizon;
}

function completedBefore(record: LogRecord, moment: number): boolean {
  return record.completed !== undefined && record.completed < moment;
}
