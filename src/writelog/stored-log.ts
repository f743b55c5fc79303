import { z } from 'zod';
import { parseStored } from '../core/stored.ts';
import { type LogRecord, type RequestKind, WriteLog } from './log.ts';

const kinds: readonly RequestKind[] = ['write', 'zero', 'trim', 'flush'];

/** More sectors than any disk or arena has: 1 TiB. */
const maxSectors = 2 ** 31;

const sectors = z.int().min(0).max(maxSectors);
const tick = z.int().min(0);
const never = -1;
const nowhere = -1;

/** One request as stored: disk, kind, fua, sector, count, arena, issued, completed (-1: never). */
const rowSchema = z.tuple([
  z.int().min(0),
  z
    .int()
    .min(0)
    .max(kinds.length - 1),
  z.int().min(0).max(1),
  sectors,
  sectors,
  z.int().min(nowhere).max(maxSectors),
  tick,
  z.int().min(never),
]);

const logSchema = z.object({
  format: z.literal(1),
  disks: z.array(z.object({ id: z.string(), sectors, cache: z.enum(['writeback', 'writethrough']) })),
  marks: z.array(z.object({ at: tick, name: z.string() })),
  records: z.array(rowSchema),
});

type Row = z.infer<typeof rowSchema>;

/** A log as JSON text; the sectors stay in their arena. */
export function storeLog(log: WriteLog): string {
  const stored = {
    format: 1,
    disks: log.disks,
    marks: log.marks,
    records: log.records.map(
      (r): Row => [
        r.disk,
        kinds.indexOf(r.kind),
        r.fua ? 1 : 0,
        r.sector,
        r.count,
        r.arena,
        r.issued,
        r.completed ?? never,
      ],
    ),
  };
  return JSON.stringify(stored);
}

/**
 * The log that `storeLog` wrote. Throws Error on anything else, with the name of the field, or with the number of the
 * request that cannot be: of no disk, beyond its disk, out of order, or completed before it was issued.
 */
export function loadLog(text: string): WriteLog {
  const { disks, records, marks } = parseStored(text, logSchema);
  let before = -1;
  const loaded = records.map((row, seq): LogRecord => {
    const record = recordOf(row, seq);
    const disk = disks[record.disk];
    const impossible = (why: string) => new Error(`records[${seq}]: ${why}`);
    if (disk === undefined) throw impossible(`there is no disk ${record.disk}`);
    if (record.sector + record.count > disk.sectors)
      throw impossible(`it goes beyond the ${disk.sectors} sectors of ${disk.id}`);
    if (record.kind === 'write' && record.arena === nowhere) throw impossible('its data are nowhere');
    if (record.issued <= before) throw impossible('it was issued before the one before it');
    if (record.completed !== undefined && record.completed <= record.issued)
      throw impossible('it was completed before it was issued');
    before = record.issued;
    return record;
  });
  marks.forEach(({ at }, i) => {
    if (at <= (marks[i - 1]?.at ?? -1)) throw new Error(`marks[${i}]: it was set before the one before it`);
  });
  return WriteLog.restore(disks, loaded, marks);
}

function recordOf([disk, kind, fua, sector, count, arena, issued, completed]: Row, seq: number): LogRecord {
  return {
    seq,
    disk,
    kind: kinds[kind] ?? 'flush',
    fua: fua === 1,
    sector,
    count,
    arena,
    issued,
    completed: completed === never ? undefined : completed,
  };
}

/** How many sectors an arena must have to hold the data of all of a log's writes. */
export function sectorsNeeded({ records }: WriteLog): number {
  return records.reduce(
    (end, { kind, arena, count }) => (kind === 'write' ? Math.max(end, arena + count) : end),
    0,
  );
}
