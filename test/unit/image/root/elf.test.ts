import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../../src/image/root/elf.ts';

const base = 0x10000;

/** A 64-bit little-endian ELF file with one loaded segment, a dynamic section and perhaps an interpreter. */
function elf(needed: readonly string[], interpreter?: string): Buffer {
  const strings = ['', ...needed];
  const table = Buffer.from(`${strings.join('\0')}\0`);
  const tableAt = 512;
  const dynamicAt = tableAt + table.length;
  const tags: [bigint, bigint][] = [];
  let at = 1;
  for (const name of needed) {
    tags.push([1n, BigInt(at)]);
    at += name.length + 1;
  }
  tags.push([5n, BigInt(base + tableAt)], [0n, 0n]);
  const interpreterAt = dynamicAt + tags.length * 16;
  const file = Buffer.alloc(interpreterAt + 100);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  const segments = [
    [1, 0, base, file.length],
    [2, dynamicAt, base + dynamicAt, tags.length * 16],
    ...(interpreter === undefined ? [] : [[3, interpreterAt, base + interpreterAt, interpreter.length + 1]]),
  ];
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(segments.length, 56);
  for (const [i, [type = 0, offset = 0, address = 0, size = 0]] of segments.entries()) {
    file.writeUInt32LE(type, 64 + i * 56);
    file.writeBigUInt64LE(BigInt(offset), 64 + i * 56 + 8);
    file.writeBigUInt64LE(BigInt(address), 64 + i * 56 + 16);
    file.writeBigUInt64LE(BigInt(size), 64 + i * 56 + 32);
  }
  table.copy(file, tableAt);
  for (const [i, [tag, value]] of tags.entries()) {
    file.writeBigUInt64LE(tag, dynamicAt + i * 16);
    file.writeBigUInt64LE(value, dynamicAt + i * 16 + 8);
  }
  if (interpreter !== undefined) file.write(`${interpreter}\0`, interpreterAt);
  return file;
}

describe('readElf', () => {
  it('finds the loader and the needed libraries in order', () => {
    expect(readElf(elf(['libc.so.6', 'libz.so.1'], '/lib64/ld-linux-x86-64.so.2'))).toEqual({
      interpreter: '/lib64/ld-linux-x86-64.so.2',
      needed: ['libc.so.6', 'libz.so.1'],
    });
  });

  it('knows libraries without an interpreter', () => {
    expect(readElf(elf(['libc.so.6']))).toEqual({ needed: ['libc.so.6'] });
  });

  it('ignores scripts, short files and other classes', () => {
    const other = elf(['libc.so.6']);
    other[4] = 1;
    for (const data of [Buffer.from('#!/bin/sh\n'), Buffer.alloc(0), Buffer.from('\x7fELF\x02\x01'), other]) {
      expect(readElf(data)).toBeUndefined();
    }
  });

  it('never throws on damaged files', () => {
    const whole = elf(['libc.so.6', 'libz.so.1'], '/lib/ld.so');
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
        (length, changes) => {
          const data = Buffer.from(whole);
          for (const [at, value] of changes) if (at >= 6) data[at] = value;
          readElf(data.subarray(0, length));
        },
      ),
      { numRuns: 500 },
    );
  });
});
