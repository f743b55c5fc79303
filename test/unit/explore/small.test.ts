import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Axis, AxisBuilder } from '../../../src/explore/axis.ts';
import { Cells } from '../../../src/explore/cells.ts';
import { blockBytes, blockSectors, Contents } from '../../../src/explore/contents.ts';
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
        const copy = new Int32Array(items.length);
        list.copy(0, copy);
        expect([...copy]).toEqual(items);
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
          expect(index.number(Int32Array.of(-1, ...row), 1)).toBe(expected);
          expect(row.map((_, word) => index.word(expected, word))).toEqual(row);
        }
        expect(index.size).toBe(known.size);
      }),
      { numRuns: 20 },
    );
  });

  it('tells rows apart that differ only in their highest bits', () => {
    const index = new RowIndex(8);
    for (let n = 0; n < 10_000; n += 1) expect(index.number(new Int32Array(8).fill(n << 17))).toBe(n % 32768);
  });
});

describe('Writers', () => {
  it('knows what a sector holds without some writes', () => {
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
          expect(writers.without(at + far, (seq) => list[seq]!.lost, -7)).toBe(left);
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

  it('numbers equal sectors and blocks alike, wherever they come from, and gives their bytes back', () => {
    fc.assert(
      fc.property(sectors, sectors, sectors, (...lists) => {
        const [written, first, second] = lists.map(made) as [Buffer, Buffer, Buffer];
        const contents = contentsOf(written, [first, second]);
        const numbers = new Map<string, number>();
        const check = (number: number, bytes: Buffer) => {
          const key = bytes.toString('latin1');
          const known = numbers.get(key) ?? number;
          expect(number).toBe(known);
          numbers.set(key, known);
          expect(contents.bytesOf(number).equals(bytes)).toBe(true);
        };
        [first, second].forEach((base, disk) => {
          const padded = Buffer.concat([base, Buffer.alloc(blockBytes)]);
          // One block past the end, too: it reads as zeros.
          for (let block = 0; block * blockBytes <= base.length; block += 1) {
            const into = new Int32Array(2 * blockSectors).fill(-1);
            contents.baseBlock(disk, block, into, 4);
            expect([...into.subarray(0, 4), ...into.subarray(12)]).toEqual([-1, -1, -1, -1, -1, -1, -1, -1]);
            const bytes = padded.subarray(block * blockBytes, (block + 1) * blockBytes);
            check(contents.block(into, 4), bytes);
            expect(contents.blockOfBytes(bytes)).toBe(contents.block(into, 4));
          }
        });
        for (let position = 0; position < written.length / sectorBytes; position += 1) {
          const sector = contents.writtenSector(position);
          const bytes = written.subarray(position * sectorBytes, (position + 1) * sectorBytes);
          const block = new Int32Array(blockSectors);
          block[3] = sector;
          check(
            contents.block(block),
            Buffer.concat([Buffer.alloc(3 * sectorBytes), bytes, Buffer.alloc(4 * sectorBytes)]),
          );
          expect(contents.sectorsOf(contents.block(block))[3]).toBe(sector);
        }
        expect(new Set(numbers.values()).size).toBe(numbers.size);
        expect(contents.bytesOf(0).equals(Buffer.alloc(blockBytes))).toBe(true);
        // A block that comes with nothing but its bytes is remembered.
        const fresh = Buffer.alloc(blockBytes).fill('only here');
        check(contents.blockOfBytes(fresh), Buffer.from(fresh));
      }),
      { numRuns: 50 },
    );
  });

  it('numbers more written sectors than it reads at a time', () => {
    const written = Buffer.alloc(5000 * sectorBytes);
    for (let i = 0; i < 5000; i += 1) written.writeUInt32LE(i >> 1, i * sectorBytes);
    const contents = contentsOf(written, []);
    const numbers = Array.from({ length: 5000 }, (_, i) => contents.writtenSector(i));
    expect(numbers).toEqual(Array.from({ length: 5000 }, (_, i) => i >> 1));
  });
});

describe('Cells', () => {
  it('numbers blocks as they come, and special cells among them', () => {
    const base = Buffer.concat([sectorOf(1), sectorOf(2)]);
    const contents = new Contents({ sectors: 0, read: () => base }, [bufferView(base), bufferView(base)]);
    const cells = new Cells(contents, [blockBytes * 3, base.length]);
    expect(cells.find(0, 2)).toBe(-1);
    expect([cells.of(0, 2), cells.special(), cells.of(1, 0), cells.of(0, 2)]).toEqual([0, 1, 2, 0]);
    expect([0, 1, 2].map((cell) => [cells.disk(cell), cells.block(cell)])).toEqual([
      [0, 2],
      [-1, -1],
      [1, 0],
    ]);
    expect([cells.find(0, 2), cells.find(1, 0), cells.find(1, 9), cells.find(7, 0)]).toEqual([0, 2, -1, -1]);
    const [one, two] = [1, 2].map(
      (tag) =>
        contents.sectorsOf(
          contents.blockOfBytes(Buffer.concat([sectorOf(tag), Buffer.alloc(blockBytes - sectorBytes)])),
        )[0],
    );
    expect(Array.from({ length: 8 }, (_, i) => cells.baseSector(2, i))).toEqual([one, two, 0, 0, 0, 0, 0, 0]);
  });
});
