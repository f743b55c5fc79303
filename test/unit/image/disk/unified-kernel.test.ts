import { describe, expect, it } from 'vitest';
import { unifiedKernel } from '../../../../src/image/disk/unified-kernel.ts';

const align = 0x1000;
const fileAlign = 0x200;
const start = 0x80;
const optionalBytes = 0xf0;
const table = start + 24 + optionalBytes;
const sectionHeader = 40;

/** A PE32+ file with one section of 5 bytes at 0x2000, and room for `room` section headers in all. */
function stub(room: number): Buffer {
  const headerBytes = Math.ceil((table + room * sectionHeader) / fileAlign) * fileAlign;
  const file = Buffer.alloc(headerBytes + 5);
  file.writeUInt32LE(start, 0x3c);
  file.write('PE\0\0', start, 'latin1');
  file.writeUInt16LE(1, start + 6);
  file.writeUInt16LE(optionalBytes, start + 20);
  file.writeUInt32LE(align, start + 24 + 32);
  file.writeUInt32LE(fileAlign, start + 24 + 36);
  file.writeUInt32LE(table + room * sectionHeader, start + 24 + 60);
  file.write('.text', table, 'latin1');
  file.writeUInt32LE(5, table + 8);
  file.writeUInt32LE(0x2000, table + 12);
  file.writeUInt32LE(fileAlign, table + 16);
  file.writeUInt32LE(headerBytes, table + 20);
  return file;
}

/** Name, address in memory and content of each section. */
function sections(file: Buffer): [string, number, string][] {
  return Array.from({ length: file.readUInt16LE(start + 6) }, (_, i) => {
    const header = file.subarray(table + i * sectionHeader);
    const name = header.toString('latin1', 0, 8).replace(/\0+$/, '');
    const from = header.readUInt32LE(20);
    return [name, header.readUInt32LE(12), file.toString('latin1', from, from + header.readUInt32LE(8))];
  });
}

const parts = {
  osRelease: 'ID=x\n',
  commandLine: 'root=/dev/vda2',
  kernel: Buffer.alloc(align + 1, 'k'),
  initrd: Buffer.from('initrd'),
};

describe('unifiedKernel', () => {
  it('puts each part into a section of its own, behind the stub’s, on a page of its own', () => {
    const file = unifiedKernel(stub(5), parts);
    const [, ...added] = sections(file);
    expect(added).toEqual([
      ['.osrel', 0x3000, 'ID=x\n'],
      ['.cmdline', 0x4000, 'root=/dev/vda2'],
      ['.initrd', 0x5000, 'initrd'],
      ['.linux', 0x6000, parts.kernel.toString()],
    ]);
    expect(file.readUInt32LE(start + 24 + 56)).toBe(0x8000);
    expect(file.length % fileAlign).toBe(0);
  });

  it('is the same from the same parts, and leaves the stub as it was', () => {
    const source = stub(5);
    const before = Buffer.from(source);
    expect(unifiedKernel(source, parts).equals(unifiedKernel(source, parts))).toBe(true);
    expect(source.equals(before)).toBe(true);
  });

  it('says what is wrong with a stub', () => {
    expect(() => unifiedKernel(stub(4), parts)).toThrow('no room for 4 more sections');
    expect(() => unifiedKernel(Buffer.from('MZ'), parts)).toThrow('no PE file');
    expect(() => unifiedKernel(Buffer.alloc(500), parts)).toThrow('no PE file');
  });
});
