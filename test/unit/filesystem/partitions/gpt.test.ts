import { describe, expect, it } from 'vitest';
import { partitionTable } from '../../../../src/filesystem/partitions/gpt.ts';
import { bufferView, type DiskView } from '../../../../src/filesystem/view.ts';
import { smallGpt } from '../small-gpt.ts';

const disk = () =>
  smallGpt([
    { name: 'boot', content: Buffer.alloc(4096) },
    { name: 'data', content: Buffer.alloc(8192) },
  ]);
const typeGuid = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';
const partitions = [
  { index: 1, name: 'boot', typeGuid, offset: 64 * 512, bytes: 4096 },
  { index: 2, name: 'data', typeGuid, offset: 72 * 512, bytes: 8192 },
];

const partitionsOf = (view: DiskView) => partitionTable(view).partitions;

describe('partitionTable', () => {
  it('reads names, types and places', () => {
    expect(partitionsOf(bufferView(disk()))).toEqual(partitions);
  });

  it.each([
    ['header', 512 + 40],
    ['entries', 1024 + 60],
  ])('reads the backup where the %s has a wrong checksum', (_, at) => {
    const spoilt = disk();
    spoilt.writeUInt8(0x77, at);
    expect(partitionsOf(bufferView(spoilt))).toEqual(partitions);
  });

  it('finds nothing where neither table is valid, or there is none', () => {
    const spoilt = disk();
    spoilt.writeUInt8(0x77, 512 + 40);
    spoilt.writeUInt8(0x77, spoilt.length - 512 + 40);
    expect(partitionsOf(bufferView(spoilt))).toEqual([]);
    expect(partitionsOf(bufferView(Buffer.alloc(4096)))).toEqual([]);
    expect(partitionsOf(bufferView(Buffer.alloc(0)))).toEqual([]);
  });

  it('says which copy cannot be read, and which partitions end beyond the disk', () => {
    expect(partitionTable(bufferView(disk()))).toMatchObject({ unreadable: [], outside: [] });
    const spoilt = disk();
    spoilt.writeUInt8(0x77, 512 + 40);
    expect(partitionTable(bufferView(spoilt)).unreadable).toEqual(['primary']);
    const cut = disk().subarray(0, 72 * 512);
    expect(partitionTable(bufferView(cut))).toMatchObject({
      partitions: [{ name: 'boot' }],
      unreadable: ['backup'],
      outside: [{ index: 2, name: 'data', offset: 72 * 512, bytes: 8192 }],
    });
  });

  it('reads a plain master boot record, but not the protective one', () => {
    const plain = Buffer.alloc(64 * 512);
    plain.writeUInt16LE(0xaa55, 510);
    plain.writeUInt8(0xee, 446 + 4);
    plain.writeUInt32LE(1, 446 + 8);
    plain.writeUInt32LE(63, 446 + 12);
    expect(partitionTable(bufferView(plain))).toMatchObject({
      partitions: [],
      unreadable: ['primary', 'backup'],
    });
    plain.writeUInt8(0x83, 446 + 4);
    expect(partitionsOf(bufferView(plain))).toEqual([
      { index: 1, name: '', typeGuid: 'MBR-83', offset: 512, bytes: 63 * 512 },
    ]);
  });
});
