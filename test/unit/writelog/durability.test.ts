import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durabilityAt } from '../../../src/writelog/durability.ts';
import { type LogRecord, WriteLog } from '../../../src/writelog/log.ts';
import { arbitraryLog } from './arbitrary-log.ts';

const disk = { id: 'main', sectors: 100, cache: 'writeback' as const };
const seqs = (records: LogRecord[]) => records.map((record) => record.seq);

describe('durabilityAt', () => {
  it('keeps what had completed before a completed flush was issued, and nothing else', () => {
    const log = new WriteLog([disk]);
    const first = log.issue(0, 'write', 0, 1, false, 0);
    const second = log.issue(0, 'write', 1, 1, false, 1);
    log.complete(first);
    const flush = log.issue(0, 'flush', 0, 0, false);
    log.complete(second);
    expect(seqs(durabilityAt(log, log.now).durable)).toEqual([]);
    log.complete(flush);
    expect(seqs(durabilityAt(log, log.now).durable)).toEqual([first.seq]);
    expect(seqs(durabilityAt(log, log.now).optional)).toEqual([second.seq]);
  });

  it('a flush after the guest has ended its power cycle vouches for nothing, and the next cycle counts again', () => {
    const log = new WriteLog([disk]);
    const write = log.issue(0, 'write', 0, 1, false, 0);
    log.complete(write);
    const last = log.issue(0, 'flush', 0, 0, false);
    log.guestRuns = false;
    log.complete(last);
    expect(seqs(durabilityAt(log, log.now).optional)).toEqual([write.seq]);
    log.guestRuns = true;
    log.complete(log.issue(0, 'flush', 0, 0, false));
    expect(seqs(durabilityAt(log, log.now).durable)).toEqual([write.seq]);
  });

  it('a flush of one disk says nothing of another', () => {
    const log = new WriteLog([disk, { ...disk, id: 'other' }]);
    log.complete(log.issue(0, 'write', 0, 1, false, 0));
    log.complete(log.issue(1, 'flush', 0, 0, false));
    expect(durabilityAt(log, log.now).durable).toEqual([]);
  });

  it('a FUA write and a write to a write-through disk are durable on completion', () => {
    const log = new WriteLog([disk, { ...disk, id: 'vars', cache: 'writethrough' }]);
    const fua = log.issue(0, 'write', 0, 1, true, 0);
    const flash = log.issue(1, 'write', 0, 1, false, 1);
    expect(durabilityAt(log, log.now).optional).toHaveLength(2);
    log.complete(fua);
    log.complete(flash);
    expect(seqs(durabilityAt(log, log.now).durable)).toEqual([0, 1]);
  });

  it('agrees with the rule said plainly, at every moment of any log', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        for (let at = 0; at <= log.now; at += 1) {
          const { durable, optional } = durabilityAt(log, at);
          const issued = log.records.filter((record) => record.kind !== 'flush' && record.issued < at);
          expect(seqs([...durable, ...optional]).sort((a, b) => a - b)).toEqual(seqs(issued));
          for (const record of issued) expect(durable.includes(record)).toBe(isDurable(log, record, at));
        }
      }),
    );
  });
});

/** The rule, one request at a time. */
function isDurable(log: WriteLog, write: LogRecord, at: number): boolean {
  const done = (record: LogRecord, moment: number) =>
    record.completed !== undefined && record.completed < moment;
  if ((write.fua || log.disks[write.disk]?.cache === 'writethrough') && done(write, at)) return true;
  return log.records.some(
    (flush) =>
      flush.kind === 'flush' && flush.disk === write.disk && done(flush, at) && done(write, flush.issued),
  );
}
