import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Axis, AxisBuilder } from '../../../src/explore/axis.ts';
import { Cells } from '../../../src/explore/cells.ts';
import { Contents } from '../../../src/explore/contents.ts';
import { IntList } from '../../../src/explore/int-list.ts';
import { RowIndex } from '../../../src/explore/row-index.ts';
import { Writers } from '../../../src/explore/writers.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { sectorBytes } from '../../../src/writelog/log.ts';
import { sectorOf } from './made-up.ts';

const words = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe('IntList', () => {
  it('holds what was pushed', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 100 }), fc.nat(400), (some, times) => {
        const items = Array.from({ length: times }, () => some).flat();
        const list = new IntList();
        for (const item of items) list.push(item);
        expect(items.map((_, i) => list.at(i))).toEqual(items);
        expect(list.length).toBe(items.length);
        list.clear();
        expect([list.length, list.at(0)]).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('RowIndex', () => {
  it('numbers equal rows alike, in the order of arrival', () => {
    const few = fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)), { maxLength: 1500, size: 'max' });
    fc.assert(
      fc.property(few, (rows) => {
        const index = new RowIndex(3);
        const known = new Map<string, number>();
        for (const row of rows) {
          const expected = known.get(row.join()) ?? known.size;
          known.set(row.join(), expected);
          assert.equal(index.number(Int32Array.of(-1, ...row), 1), expected);
          row.forEach((value, word) => {
            assert.equal(index.word(expected, word), value);
          });
        }
        expect(index.size).toBe(known.size);
      }),
      { numRuns: 20 },
    );
  });

  it('tells rows apart that differ only in their highest bits', () => {
    const index = new RowIndex(8);
    for (let n = 0; n < 10_000; n += 1)
      assert.equal(index.number(new Int32Array(8).fill(n << 17)), n % 32768);
  });
});

describe('Writers', () => {
  it('knows what a cell holds without some writes', () => {
    const writes = fc.array(fc.record({ at: fc.nat(5), content: fc.nat(50), lost: fc.boolean() }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(writes, fc.nat(5000), (list, far) => {
        const writers = new Writers();
        list.forEach(({ at, content }, seq) => {
          writers.note(at + far, seq, content);
        });
        for (let at = 0; at <= 6; at += 1) {
          const left = list.findLast((write) => write.at === at && !write.lost)?.content ?? -7;
          assert.equal(
            writers.without(at + far, (seq) => list[seq]!.lost, -7),
            left,
          );
        }
      }),
    );
  });
});

describe('Axis', () => {
  interface Line {
    axis: Axis;
    /** By position and cell. */
    table: number[][];
  }

  const line: fc.Arbitrary<Line> = fc
    .record({
      initial: fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }),
      steps: fc.array(fc.array(fc.tuple(fc.nat(5), fc.nat(3)), { maxLength: 4 }), { maxLength: 12 }),
    })
    .map(({ initial, steps }) => {
      const builder = new AxisBuilder();
      const table = [initial];
      steps.forEach((changes, i) => {
        const now = [...table[i]!];
        for (const [cell, content] of changes.filter(([cell]) => cell < initial.length)) {
          now[cell] = content;
          builder.note(cell, i + 1, content);
        }
        table.push(now);
      });
      return { axis: builder.build(table.length, Int32Array.from(initial)), table };
    });

  it('knows what each cell holds at each position', () => {
    fc.assert(
      fc.property(line, ({ axis, table }) => {
        expect(axis.length).toBe(table.length);
        table.forEach((row, position) => {
          expect(row.map((_, cell) => axis.contentAt(cell, position))).toEqual(row);
        });
      }),
    );
  });

  it('counts at each position the cells that are not as wanted', () => {
    fc.assert(
      fc.property(
        line,
        fc.array(fc.nat(4), { minLength: 6, maxLength: 6 }),
        fc.nat(6),
        ({ axis, table }, wanted, count) => {
          const cells = table[0]!.map((_, cell) => cell).slice(0, count);
          const into = new Int32Array(axis.length + 1);
          axis.addMismatches(Int32Array.from(cells), Int32Array.from(wanted), into);
          let running = 0;
          const counts = Array.from(into, (difference) => (running += difference));
          expect(counts.slice(0, -1)).toEqual(
            table.map((row) => cells.filter((cell) => row[cell] !== wanted[cell]).length),
          );
          expect(counts.at(-1)).toBe(0);
        },
      ),
    );
  });
});

describe('Contents', () => {
  /** Sectors that differ anywhere, or not at all; more than are hashed at a time. */
  const sectors = fc.array(fc.tuple(fc.nat(2), fc.nat(sectorBytes - 1)), {
    minLength: 1,
    maxLength: 60,
    size: 'max',
  });
  const made = (list: readonly (readonly [number, number])[]) =>
    Buffer.concat(
      list.map(([value, at]) => {
        const sector = sectorOf(0);
        sector[at] = value;
        return sector;
      }),
    );

  function contentsOf(written: Buffer, bases: readonly Buffer[]): Contents {
    const read = (sector: number, count: number) =>
      written.subarray(sector * sectorBytes, (sector + count) * sectorBytes);
    return new Contents({ sectors: written.length / sectorBytes, read }, bases.map(bufferView));
  }

  it('numbers equal sectors alike, wherever they come from, and gives their bytes back', () => {
    fc.assert(
      fc.property(sectors, sectors, sectors, fc.array(fc.nat(199)), (...[one, two, three, order]) => {
        const [written, first, second] = [made(one), made(two), made(three)];
        const contents = contentsOf(written, [first, second]);
        const numbers = new Map<string, number>();
        const check = (number: number, bytes: Buffer) => {
          const key = bytes.toString('latin1');
          assert.equal(number, numbers.get(key) ?? number);
          numbers.set(key, number);
          assert.ok(contents.bytesOf(number).equals(bytes));
        };
        const sectorAt = (bytes: Buffer, sector: number) =>
          bytes.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
        const checkBase = (disk: number, sector: number) => {
          const bytes = sectorAt([first, second][disk]!, sector);
          // Past the end of the disk there are zeros.
          check(contents.baseAt(disk, sector), bytes.length > 0 ? bytes : sectorOf(0));
        };
        // To and fro first, then in order.
        for (const n of order) checkBase(n % 2, n >> 1);
        for (const disk of [0, 1]) for (let sector = 0; sector < 70; sector += 1) checkBase(disk, sector);
        for (let position = 0; position < written.length / sectorBytes; position += 1)
          check(contents.writtenAt(position), sectorAt(written, position));
        for (const bytes of [written, first, second]) {
          const sector = Buffer.from(sectorAt(bytes, 0));
          check(contents.numberOf(sector), sector);
        }
        expect(new Set(numbers.values()).size).toBe(numbers.size);
        expect(contents.bytesOf(0).equals(sectorOf(0))).toBe(true);
        // A sector that comes with nothing but its bytes is remembered.
        const fresh = Buffer.alloc(sectorBytes).fill('only here');
        const expected = Buffer.from(fresh);
        const number = contents.numberOf(fresh);
        fresh.fill(0);
        check(number, expected);
      }),
      { numRuns: 50 },
    );
  });

  it('reads a base disk in few pieces where it is asked in order', () => {
    const base = Buffer.alloc(1000 * sectorBytes);
    for (let i = 0; i < 1000; i += 1) base.writeUInt32LE(i, i * sectorBytes);
    const pieces: [number, number][] = [];
    const read = (offset: number, length: number) => {
      pieces.push([offset / sectorBytes, length / sectorBytes]);
      return base.subarray(offset, offset + length);
    };
    const contents = new Contents({ sectors: 0, read: () => base }, [{ bytes: base.length, read }]);
    const numbers = Array.from({ length: 900 }, (_, i) => contents.baseAt(0, 101 + i));
    expect(new Set(numbers).size).toBe(900);
    // First to the end of a block of 4 KiB, then 64 KiB at a time, and nothing beyond the end.
    expect(pieces.slice(0, 3)).toEqual([
      [101, 3],
      [104, 128],
      [232, 128],
    ]);
    expect(pieces.length).toBe(8);
    expect(pieces.at(-1)).toEqual([872, 128]);
  });

  it('numbers more written sectors than it reads at a time', () => {
    const written = Buffer.alloc(5000 * sectorBytes);
    for (let i = 0; i < 5000; i += 1) written.writeUInt32LE(i >> 1, i * sectorBytes);
    const contents = contentsOf(written, []);
    const numbers = Array.from({ length: 5000 }, (_, i) => contents.writtenAt(i));
    expect(numbers).toEqual(Array.from({ length: 5000 }, (_, i) => i >> 1));
  });
});

describe('Cells', () => {
  it('numbers sectors as they come, and special cells among them', () => {
    const base = Buffer.concat([sectorOf(1), sectorOf(2)]);
    const contents = new Contents({ sectors: 0, read: () => base }, [bufferView(base), bufferView(base)]);
    const cells = new Cells(contents, [3, 2]);
    expect(cells.find(0, 2)).toBe(-1);
    expect([cells.of(0, 2), cells.special(), cells.of(1, 0), cells.of(0, 2), cells.of(0, 1)]).toEqual([
      0, 1, 2, 0, 3,
    ]);
    expect([0, 1, 2, 3].map((cell) => [cells.disk(cell), cells.sector(cell)])).toEqual([
      [0, 2],
      [-1, -1],
      [1, 0],
      [0, 1],
    ]);
    expect(cells.count).toBe(4);
    expect([cells.find(0, 2), cells.find(1, 0), cells.find(1, 9), cells.find(7, 0)]).toEqual([0, 2, -1, -1]);
    const [one, two] = [1, 2].map((tag) => contents.numberOf(sectorOf(tag)));
    expect([0, 1, 2, 3].map((cell) => cells.base(cell))).toEqual([0, 0, one, two]);
  });
});
