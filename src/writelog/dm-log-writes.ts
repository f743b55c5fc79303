import { type LogRecord, sectorBytes, type WriteLog } from './log.ts';

/** Entry flags, of the kernel's drivers/md/dm-log-writes.c. */
const flag = { flush: 1, fua: 2, discard: 4, mark: 8 } as const;
const magic = 0x6a736677736872n;
const version = 1n;
const entryBytes = 32;

/** One entry of a dm-log-writes log: a request, or a mark. */
export type LogWritesEntry =
  | { kind: 'request'; record: LogRecord; fua: boolean }
  | { kind: 'mark'; name: string };

/** The mark before the writes that nothing had made durable when the log ended. */
export const unflushedMark = 'unflushed';

/**
 * The requests to one disk (a dm-log-writes log knows only one) in the order in which dm-log-writes would have logged
 * them (Linux, Documentation/admin-guide/device-mapper/log-writes.rst): a write is logged when it is durable. So each
 * flush stands at its completion, with the writes before it that had completed when it was issued; a write with FUA, or
 * to a write-through disk, stands at its completion; marks stand at their moment; and what is left comes last, after a
 * mark of its own. Every beginning of the list is a state that a power cut may leave.
 *
 * In two things the order is ours. Writes that one flush saved stand in the order of issue, not of completion, and a
 * write brings along the earlier ones that overlap it: the disk applies requests in the order of issue, so a replay
 * would otherwise end with the older content. A flush that never completed is left out.
 */
export function logWritesEntries(log: WriteLog, disk: number): LogWritesEntry[] {
  const entries: LogWritesEntry[] = [];
  let pending: LogRecord[] = [];
  const writethrough = log.disks[disk]?.cache === 'writethrough';
  const add = (record: LogRecord) =>
    entries.push({ kind: 'request', record, fua: isFua(record, writethrough) });
  const logged = (durable: readonly LogRecord[]) => {
    const chosen = withOverlapped(durable, pending);
    pending = pending.filter((record) => !chosen.has(record));
    for (const record of [...chosen].sort((a, b) => a.issued - b.issued)) add(record);
  };
  for (const event of eventsOf(log, disk)) {
    if (event.what === 'mark') entries.push({ kind: 'mark', name: event.name });
    else if (event.what === 'issue') pending.push(event.record);
    else if (event.record.kind === 'flush') {
      const { issued } = event.record;
      logged(pending.filter(({ completed }) => completed !== undefined && completed < issued));
      add(event.record);
    } else if (isFua(event.record, writethrough) && pending.includes(event.record)) logged([event.record]);
  }
  if (pending.length > 0) entries.push({ kind: 'mark', name: unflushedMark });
  for (const record of pending) add(record);
  return entries;
}

function isFua({ kind, fua }: LogRecord, writethrough: boolean): boolean {
  return kind !== 'flush' && (fua || writethrough);
}

/** `chosen` and, of the others that are pending, those that were issued before one of them and overlap it. */
function withOverlapped(chosen: readonly LogRecord[], pending: readonly LogRecord[]): Set<LogRecord> {
  const all = new Set(chosen);
  // A record added to a set while it is gone through is gone through too.
  const others = pending.filter((record) => !all.has(record));
  for (const later of all)
    for (const earlier of others)
      if (earlier.issued < later.issued && overlap(earlier, later)) all.add(earlier);
  return all;
}

function overlap(a: LogRecord, b: LogRecord): boolean {
  return a.sector < b.sector + b.count && b.sector < a.sector + a.count;
}

type Event = { at: number } & (
  | { what: 'mark'; name: string }
  | { what: 'issue' | 'complete'; record: LogRecord }
);

/** What happened to one disk, in order: writes being issued, requests that completed, marks. */
function eventsOf(log: WriteLog, disk: number): Event[] {
  const events: Event[] = log.marks.map(({ at, name }) => ({ at, what: 'mark', name }));
  for (const record of log.records) {
    if (record.disk !== disk) continue;
    if (record.kind !== 'flush') events.push({ at: record.issued, what: 'issue', record });
    if (record.completed !== undefined) events.push({ at: record.completed, what: 'complete', record });
  }
  return events.sort((a, b) => a.at - b.at);
}

/** A piece of a file: bytes, or so many zeros (a multiple of 512). */
export type FilePiece = Buffer | { zeros: number };

/** Sectors of data in one piece at most. */
const pieceSectors = 2048;

/**
 * The file of a log, piece by piece: a super block, then each entry in a sector of its own with its data behind it, in
 * 512-byte sectors, little-endian (struct log_write_super and log_write_entry of drivers/md/dm-log-writes.c). A mark's
 * name stands in its entry's sector. `read` gives written sectors by their position in the arena.
 *
 * Write-zeroes are writes of zeros, since a replay must not hang on what the target makes of a discard (QEMU's
 * blklogwrites driver does the same); trims are discards, which replay-log turns into zeros where the target is a file.
 */
export function* encodeLogWrites(
  entries: readonly LogWritesEntry[],
  read: (sector: number, count: number) => Buffer,
): Generator<FilePiece> {
  yield superBlock(entries.length);
  for (const entry of entries) {
    yield entrySector(entry);
    if (entry.kind === 'mark') continue;
    const { kind, arena, count } = entry.record;
    if (kind === 'zero') yield { zeros: count * sectorBytes };
    if (kind !== 'write') continue;
    for (let done = 0; done < count; done += pieceSectors)
      yield read(arena + done, Math.min(pieceSectors, count - done));
  }
}

function superBlock(entries: number): Buffer {
  const sector = Buffer.alloc(sectorBytes);
  sector.writeBigUInt64LE(magic, 0);
  sector.writeBigUInt64LE(version, 8);
  sector.writeBigUInt64LE(BigInt(entries), 16);
  sector.writeUInt32LE(sectorBytes, 24);
  return sector;
}

function entrySector(entry: LogWritesEntry): Buffer {
  const sector = Buffer.alloc(sectorBytes);
  if (entry.kind === 'mark') {
    const name = Buffer.from(entry.name, 'utf8').subarray(0, sectorBytes - entryBytes - 1);
    sector.writeBigUInt64LE(BigInt(flag.mark), 16);
    sector.writeBigUInt64LE(BigInt(name.length), 24);
    name.copy(sector, entryBytes);
    return sector;
  }
  const { record, fua } = entry;
  const kind = { flush: flag.flush, trim: flag.discard, write: 0, zero: 0 }[record.kind];
  sector.writeBigUInt64LE(BigInt(record.sector), 0);
  sector.writeBigUInt64LE(BigInt(record.count), 8);
  sector.writeBigUInt64LE(BigInt(kind | (fua ? flag.fua : 0)), 16);
  return sector;
}
