import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findingIn, LineSplitter } from '../../../src/guest/console-lines.ts';

describe('findingIn', () => {
  it.each([
    ['panic', '[    1.41] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100'],
    ['panic', 'VFS: Unable to mount root fs on unknown-block(254,2)'],
    ['panic', 'VFS: Cannot open root device "vda2" or unknown-block(0,0): error -6'],
    ['halted', '[    1.96] ---[ end Kernel panic - not syncing: Attempted to kill init! ]---'],
    ['oops', '[   12.0] BUG: kernel NULL pointer dereference, address: 0000000000000000'],
    ['oops', '[   12.0] Oops: 0002 [#1] PREEMPT SMP PTI'],
    ['oops', 'Unable to handle kernel paging request at virtual address ffff800010000000'],
    ['oops', 'Internal error: Oops: 96000004 [#1] SMP'],
    ['emergency', 'You are in emergency mode. After logging in, type "journalctl -xb"'],
    ['emergency', 'Give root password for maintenance'],
    ['emergency', 'ALERT!  /dev/vda2 does not exist.  Dropping to a shell!'],
  ])('finds %s in: %s', (kind, line) => {
    expect(findingIn(line)).toBe(kind);
  });

  it.each([
    'Kernel command line: panic=1 oops=panic root=/dev/vda2',
    'EXT4-fs (vda2): mounted filesystem with ordered data mode',
    'Welcome to rauc-ab 1.0',
    '',
  ])('finds nothing in: %s', (line) => {
    expect(findingIn(line)).toBeUndefined();
  });
});

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
