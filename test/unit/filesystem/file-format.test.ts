import { expect, it } from 'vitest';
import { fileFormat, formatHint } from '../../../src/filesystem/file-format.ts';

const head = (at: number, bytes: string) => {
  const buffer = Buffer.alloc(512);
  buffer.write(bytes, at, 'latin1');
  return buffer;
};

it.each([
  ['gzip', 'packed', head(0, '\x1f\x8b\x08')],
  ['ZIP', 'packed', head(0, 'PK\x03\x04')],
  ['qcow2', 'disk', head(0, 'QFI\xfb')],
  ['VDI', 'disk', head(64, '\x7f\x10\xda\xbe')],
  ["Android's sparse image", 'disk', head(0, '\x3a\xff\x26\xed')],
  ['tar', 'archive', head(257, 'ustar')],
  ['cpio', 'archive', head(0, '070701')],
])('%s is known', (name, kind, bytes) => {
  expect(fileFormat(bytes)).toEqual({ name, kind });
});

it.each([
  ['zeros', Buffer.alloc(512)],
  ['a boot sector', head(510, '\x55\xaa')],
  ['LUKS, which is a disk of its own', head(0, 'LUKS\xba\xbe')],
  ['less than a magic number', Buffer.from('Q')],
])('%s may be a disk', (_, bytes) => {
  expect(fileFormat(bytes)).toBeUndefined();
});

it('a command that makes it raw can be typed as it stands', () => {
  expect(formatHint({ name: 'VMDK', kind: 'disk' }, 'my disk.vmdk')).toBe(
    "make it raw: qemu-img convert -O raw 'my disk.vmdk' disk.raw",
  );
});
