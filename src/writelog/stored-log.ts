import { type LogRecord, type Mark, type RequestKind, WriteLog } from './log.ts';

const kinds: readonly RequestKind[] = ['write', 'zero', 'trim', 'flush'];

/** One request as stored: disk, kind, fua, sector, count, arena, issued, completed (-1: never). */
type Row = [number, number, number, number, number, number, number, number];

interface Stored {
  format: 1;
  disks: WriteLog['disks'];
  marks: Mark[];
  records: Row[];
}

/** A log as JSON text; the sectors stay in their arena. */
export function storeLog(log: WriteLog): string {
  const stored: Stored = {
    format: 1,
    disks: log.disks,
    marks: log.marks,
    records: log.records.map((r) => [
      r.disk,
      kinds.indexOf(r.kind),
      r.fua ? 1 : 0,
      r.sector,
      r.count,
      r.arena,
      r.issued,
      r.completed ?? -1,
    ]),
  };
  return JSON.stringify(stored);
}

/** The log that `storeLog` wrote. Throws SyntaxError or RangeError on anything else. */
export function loadLog(text: string): WriteLog {
  const stored = JSON.parse(text) as Stored;
  if ((stored.format as number) !== 1)
    throw new RangeError(`unknown write log format ${String(stored.format)}`);
  const records = stored.records.map(
    ([disk, kind, fua, sector, count, arena, issued, completed], seq): LogRecord => {
      const name = kinds[kind];
      if (name === undefined) throw new RangeError(`unknown request kind ${kind}`);
      return {
        seq,
        disk,
        kind: name,
        fua: fua === 1,
        sector,
        count,
        arena,
        issued,
        completed: completed < 0 ? undefined : completed,
      };
    },
  );
  return WriteLog.restore(stored.disks, records, stored.marks);
}
