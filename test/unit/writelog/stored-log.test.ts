import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadLog, sectorsNeeded, storeLog } from '../../../src/writelog/stored-log.ts';
import { arbitraryLog } from './arbitrary-log.ts';

describe('storeLog and loadLog', () => {
  it('give back the same log', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        log.mark('0/install');
        const again = loadLog(storeLog(log));
        expect(again.records).toEqual(log.records);
        expect(again.marks).toEqual(log.marks);
        expect(again.disks).toEqual(log.disks);
        expect(again.now).toBe(log.now);
        const written = log.records.filter(({ kind }) => kind === 'write');
        expect(sectorsNeeded(again)).toBe(written.reduce((sum, { count }) => sum + count, 0));
      }),
    );
  });

  it('take logs that are longer than a call has room for arguments', () => {
    const row = (i: number) => [0, 3, 0, 0, 0, -1, i, -1];
    const records = Array.from({ length: 130_000 }, (_, i) => row(i));
    const text = JSON.stringify({ format: 1, disks: [disk], marks: [], records });
    expect(loadLog(text).now).toBe(130_000);
  });
});

const disk = { id: 'main', sectors: 100, cache: 'writeback' };
const good = {
  format: 1,
  disks: [disk],
  marks: [
    { at: 0, name: '0/install' },
    { at: 9, name: 'idle' },
  ],
  records: [
    [0, 0, 0, 10, 8, 0, 1, 2],
    [0, 3, 0, 0, 0, -1, 3, -1],
  ],
};
const record = (row: unknown[]) => ({ ...good, records: [[0, 3, 0, 0, 0, -1, 1, -1], row] });

describe('a stored log', () => {
  it('is read where it is whole', () => {
    expect(loadLog(JSON.stringify(good)).now).toBe(10);
  });

  it.each([
    ['another format', { ...good, format: 2 }, 'format: expected 1, found 2'],
    ['no records', { ...good, records: undefined }, 'records: expected array, received undefined'],
    ['a disk of more than 1 TiB', { ...good, disks: [{ ...disk, sectors: 2 ** 40 }] }, 'disks[0].sectors: '],
    ['a mark without a name', { ...good, marks: [{ at: 0 }] }, 'marks[0].name: expected string'],
    ['marks out of order', { ...good, marks: [...good.marks].reverse() }, 'marks[1]: it was set before'],
    ['a short row', record([0, 0, 0, 10]), 'records[1]: '],
    ['text for a number', record([0, 0, 0, '10', 8, 0, 2, 3]), 'records[1][3]: expected number'],
    ['an unknown kind', record([0, 4, 0, 10, 8, 0, 2, 3]), 'records[1][1]: '],
    ['a negative count', record([0, 0, 0, 10, -8, 0, 2, 3]), 'records[1][4]: '],
    ['a count that is no whole number', record([0, 0, 0, 10, 1.5, 0, 2, 3]), 'records[1][4]: '],
    ['a disk that is not there', record([1, 0, 0, 10, 8, 0, 2, 3]), 'records[1]: there is no disk 1'],
    [
      'sectors beyond the disk',
      record([0, 1, 0, 96, 5, -1, 2, 3]),
      'records[1]: it goes beyond the 100 sectors',
    ],
    ['a write without data', record([0, 0, 0, 10, 8, -1, 2, 3]), 'records[1]: its data are nowhere'],
    ['requests out of order', record([0, 0, 0, 10, 8, 0, 1, 3]), 'records[1]: it was issued before'],
    ['an end before the beginning', record([0, 0, 0, 10, 8, 0, 2, 2]), 'records[1]: it was completed before'],
  ])('is refused with what is wrong: %s', (_, stored, message) => {
    expect(() => loadLog(JSON.stringify(stored))).toThrow(message);
  });

  it('is refused where it ends too early', () => {
    expect(() => loadLog(JSON.stringify(good).slice(0, -1))).toThrow('it is not JSON');
  });
});
