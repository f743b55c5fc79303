import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { readBootEnvironment, withValues } from '../../../src/filesystem/boot-environment.ts';

const grub = Buffer.from('# GRUB Environment Block\nORDER=A B\nA_OK=1\n'.padEnd(1024, '#'));

/** As `mkenvimage -p 0` writes it, with `-r` where `redundant`. */
function uboot(redundant: boolean): Buffer {
  const text = Buffer.alloc(512 - (redundant ? 5 : 4));
  text.write('BOOT_ORDER=A B\0BOOT_A_LEFT=3\0\0');
  const head = Buffer.alloc(redundant ? 5 : 4);
  head.writeUInt32LE(crc32(text));
  if (redundant) head.writeUInt8(1, 4);
  return Buffer.concat([head, text]);
}

it.each([
  ['grub', grub, { ORDER: 'A B', A_OK: '1' }],
  ['u-boot', uboot(false), { BOOT_ORDER: 'A B', BOOT_A_LEFT: '3' }],
  ['u-boot redundant', uboot(true), { BOOT_ORDER: 'A B', BOOT_A_LEFT: '3' }],
])('reads and changes an environment of %s', (format, bytes, variables) => {
  const read = (of: Buffer) => {
    const known = readBootEnvironment(of);
    return [known?.format, Object.fromEntries(known?.variables ?? [])];
  };
  expect(read(bytes)).toEqual([format, variables]);
  const [first = '', second = ''] = Object.keys(variables);
  const changed = withValues(bytes, new Map([[first, '???']]));
  expect(read(changed)).toEqual([format, { ...variables, [first]: '???' }]);
  expect(changed.length).toBe(bytes.length);
  expect(() => withValues(bytes, new Map([[second, 'longer']]))).toThrow(`${second} can only be given`);
});

it('knows what is none, or has a wrong checksum', () => {
  expect(readBootEnvironment(Buffer.alloc(512, 1))).toBeUndefined();
  expect(readBootEnvironment(uboot(false).fill('X', 20, 21))).toBeUndefined();
  expect(() => withValues(Buffer.alloc(512, 1), new Map())).toThrow(RangeError);
});
