import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stateMaps } from '../../../src/writelog/crash-state.ts';
import {
  encodeLogWrites,
  type LogWritesEntry,
  logWritesEntries,
  unflushedMark,
} from '../../../src/writelog/dm-log-writes.ts';
import { durabilityAt } from '../../../src/writelog/durability.ts';
import { sectorBytes, WriteLog } from '../../../src/writelog/log.ts';
import { zeroed } from '../../../src/writelog/sector-map.ts';
import { arbitraryLogOf } from './arbitrary-log.ts';

/** Written sectors say their position in the arena. */
function written(sector: number, count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => Buffer.alloc(sectorBytes, `sector ${sector + i};`)),
  );
}

function fileOf(entries: readonly LogWritesEntry[]): Buffer {
  const pieces = [...encodeLogWrites(entries, written)];
  return Buffer.concat(pieces.map((piece) => (Buffer.isBuffer(piece) ? piece : Buffer.alloc(piece.zeros))));
}

/**
 * Reads a log as replay-log of xfstests does (src/log-writes/log-writes.c): after the super block and after each entry
 * a whole sector is passed over, and the data of all but discards behind it. Returns what each entry did.
 */
function replay(
  file: Buffer,
  disk: Buffer,
  onEntry: (flags: number, mark: string) => void = () => undefined,
): void {
  const number = (at: number) => Number(file.readBigUInt64LE(at));
  if (file.readBigUInt64LE(0) !== 0x6a736677736872n || number(8) !== 1) throw new Error('no log');
  const size = file.readUInt32LE(24);
  let at = size;
  for (let left = number(16); left > 0; left -= 1) {
    const [sector, sectors, flags, dataBytes] = [
      number(at),
      number(at + 8),
      number(at + 16),
      number(at + 24),
    ];
    const mark = (flags & 8) === 0 ? '' : file.toString('utf8', at + 32, at + 32 + dataBytes);
    at += size;
    if ((flags & 4) !== 0) disk.fill(0, sector * size, (sector + sectors) * size);
    else {
      file.copy(disk, sector * size, at, at + sectors * size);
      at += sectors * size;
    }
    onEntry(flags, mark);
  }
  expect(at).toBe(file.length);
}

const sectors = [36, 20] as const;
const anyLog = arbitraryLogOf({
  sectors,
  marks: ['0/install', 'idle'],
  haste: 8,
  maxLength: 50,
  size: 'max',
});
const base = (disk: number) => Buffer.alloc((sectors[disk] ?? 0) * sectorBytes, `base ${disk};`);

/** A state of a disk, by bytes. */
function diskIn(map: Int32Array, disk: number): Buffer {
  const bytes = base(disk);
  map.forEach((source, sector) => {
    if (source === zeroed) bytes.fill(0, sector * sectorBytes, (sector + 1) * sectorBytes);
    else if (source >= 0) written(source, 1).copy(bytes, sector * sectorBytes);
  });
  return bytes;
}

describe('encodeLogWrites', () => {
  it('writes the bytes that the kernel would', () => {
    const log = new WriteLog([{ id: 'main', sectors: 64, cache: 'writeback' }]);
    log.mark('0/install');
    log.complete(log.issue(0, 'write', 0x0102, 2, true, 7));
    log.complete(log.issue(0, 'zero', 3, 1, false));
    log.complete(log.issue(0, 'trim', 4, 5, false));
    log.complete(log.issue(0, 'flush', 0, 0, false));
    const file = fileOf(logWritesEntries(log, 0));
    const lines = Array.from({ length: file.length / sectorBytes }, (_, i) =>
      file.toString('hex', i * sectorBytes, i * sectorBytes + 48).replace(/.{16}(?=.)/g, '$& '),
    );
    const zeros = '0000000000000000';
    expect(lines).toEqual([
      // Magic, version, entries, sector size.
      `7268737766736a00 0100000000000000 0500000000000000 0002000000000000 ${zeros} ${zeros}`,
      // Sector, sectors, flags, bytes of data; a mark's name.
      `${zeros} ${zeros} 0800000000000000 0900000000000000 ${Buffer.from('0/install').toString('hex').replace(/.{16}/, '$& ')}00000000000000`,
      `0201000000000000 0200000000000000 0200000000000000 ${zeros} ${zeros} ${zeros}`,
      ...[7, 8].map((n) =>
        written(n, 1)
          .toString('hex', 0, 48)
          .replace(/.{16}(?=.)/g, '$& '),
      ),
      `0300000000000000 0100000000000000 ${zeros} ${zeros} ${zeros} ${zeros}`,
      Array.from({ length: 6 }, () => zeros).join(' '),
      `0400000000000000 0500000000000000 0400000000000000 ${zeros} ${zeros} ${zeros}`,
      `${zeros} ${zeros} 0100000000000000 ${zeros} ${zeros} ${zeros}`,
    ]);
  });

  it('cuts a mark that is longer than its sector, and large writes into pieces', () => {
    const log = new WriteLog([{ id: 'main', sectors: 9000, cache: 'writeback' }]);
    log.mark('x'.repeat(1000));
    log.complete(log.issue(0, 'write', 0, 5000, true, 0));
    const sizes = [...encodeLogWrites(logWritesEntries(log, 0), written)].map((piece) =>
      Buffer.isBuffer(piece) ? piece.length / sectorBytes : 0,
    );
    expect(sizes).toEqual([1, 1, 1, 2048, 2048, 904]);
    const disk = Buffer.alloc(9000 * sectorBytes);
    const marks: string[] = [];
    replay(fileOf(logWritesEntries(log, 0)), disk, (_, mark) => marks.push(mark));
    expect(marks).toEqual(['x'.repeat(479), '']);
    expect(disk.subarray(0, 5000 * sectorBytes).equals(written(0, 5000))).toBe(true);
  });
});

describe('logWritesEntries', () => {
  it('replays to the disk as the log leaves it', () => {
    fc.assert(
      fc.property(anyLog, fc.nat(1), (log, disk) => {
        const replayed = base(disk);
        replay(fileOf(logWritesEntries(log, disk)), replayed);
        const state = stateMaps(log, { at: log.now, shape: { kind: 'prefix' } });
        expect(replayed.equals(diskIn(state[disk]!, disk))).toBe(true);
      }),
    );
  });

  it('replays to what is durable, up to the mark of what is not', () => {
    fc.assert(
      fc.property(anyLog, fc.nat(1), (log, disk) => {
        const entries = logWritesEntries(log, disk);
        const end = entries.findIndex((entry) => entry.kind === 'mark' && entry.name === unflushedMark);
        const seqs = entries
          .slice(0, end < 0 ? undefined : end)
          .flatMap((entry) =>
            entry.kind === 'request' && entry.record.kind !== 'flush' ? [entry.record.seq] : [],
          );
        const { durable, optional } = durabilityAt(log, log.now);
        for (const { seq } of durable.filter((record) => record.disk === disk)) expect(seqs).toContain(seq);
        // What else is there was overwritten by something durable.
        const known = new Set(seqs);
        for (const { seq, sector, count } of optional.filter(
          (record) => record.disk === disk && known.has(record.seq),
        ))
          expect(
            log.records.some(
              (later) =>
                known.has(later.seq) &&
                later.seq > seq &&
                later.disk === disk &&
                later.sector < sector + count &&
                sector < later.sector + later.count,
            ),
          ).toBe(true);
      }),
    );
  });

  it('has each write once, and never one before what had to be durable by then', () => {
    fc.assert(
      fc.property(anyLog, fc.nat(1), (log, disk) => {
        const entries = logWritesEntries(log, disk);
        const writes = entries.flatMap((entry) =>
          entry.kind === 'request' && entry.record.kind !== 'flush' ? [entry.record.seq] : [],
        );
        const issued = log.records.filter((record) => record.disk === disk && record.kind !== 'flush');
        expect([...writes].sort((a, b) => a - b)).toEqual(issued.map(({ seq }) => seq));
        entries.forEach((entry, i) => {
          if (entry.kind !== 'request' || entry.record.kind !== 'flush') return;
          const before = entries
            .slice(0, i)
            .flatMap((other) => (other.kind === 'request' ? [other.record.seq] : []));
          const { durable } = durabilityAt(log, (entry.record.completed ?? 0) + 1);
          for (const { seq } of durable.filter((record) => record.disk === disk))
            expect(before).toContain(seq);
        });
      }),
    );
  });

  it('is the order of the example in the documentation of the kernel', () => {
    const log = new WriteLog([{ id: 'main', sectors: 64, cache: 'writeback' }]);
    const write = (sector: number, fua = false) => log.issue(0, 'write', sector, 1, fua, sector);
    const [a, b, c] = [write(0), write(1), write(2)];
    log.complete(c);
    log.complete(a);
    const flush = log.issue(0, 'flush', 0, 0, false);
    const d = write(3, true);
    log.complete(b);
    log.complete(flush);
    log.complete(d);
    const names = logWritesEntries(log, 0).map((entry) =>
      entry.kind === 'mark'
        ? entry.name
        : entry.record.kind === 'flush'
          ? 'flush'
          : 'abcd'[entry.record.sector],
    );
    // Documentation/admin-guide/device-mapper/log-writes.rst has c before a: ours are in the order of issue.
    expect(names).toEqual(['a', 'c', 'flush', 'd', unflushedMark, 'b']);
  });
});
