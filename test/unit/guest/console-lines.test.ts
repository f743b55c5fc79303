import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../src/guest/console-lines.ts';

describe('LineSplitter', () => {
  it('cuts lines the same wherever the bytes are split', () => {
    const whole = 'one\r\ntwo \x1b[1;31mred\x1b[0m\nKernel panic\nrest';
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 8 }), (cuts) => {
        const splitter = new LineSplitter();
        const ends = [...cuts, whole.length].toSorted((a, b) => a - b);
        const lines = ends.flatMap((end, i) =>
          splitter.push(Buffer.from(whole.slice(ends[i - 1] ?? 0, end), 'latin1')),
        );
        expect(lines).toEqual(['one', 'two red', 'Kernel panic']);
        expect(splitter.rest).toBe('rest');
      }),
    );
  });

  it('yields short printable lines from any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (chunks) => {
        const splitter = new LineSplitter();
        const lines = [...chunks.flatMap((chunk) => splitter.push(chunk)), splitter.rest];
        for (const line of lines) expect(line).toMatch(/^[\x20-\x7e\t]{0,2000}$/);
      }),
    );
  });

  it('keeps a bounded part of a line without end', () => {
    const splitter = new LineSplitter();
    for (let i = 0; i < 100; i += 1) expect(splitter.push(Buffer.alloc(65536, 0x61))).toEqual([]);
    expect(splitter.push(Buffer.from('\nnext\n'))).toEqual(['a'.repeat(2000), 'next']);
  });
});
