import { describe, expect, it } from 'vitest';
import { DiskMap } from '../../../../src/filesystem/disk-map.ts';
import { partitionTable } from '../../../../src/filesystem/partitions/gpt.ts';
import { volumesOf } from '../../../../src/filesystem/partitions/volumes.ts';
import { bufferView, type DiskView } from '../../../../src/filesystem/view.ts';
import { smallExt4 } from '../small-ext4.ts';
import { type MbrEntry, smallMbr } from '../small-mbr.ts';

const linux = (start: number, sectors: number): MbrEntry => ({ type: 0x83, start, sectors });
const box = (start: number, sectors: number, type = 0x05): MbrEntry => ({ type, start, sectors });
const found = (disk: Buffer | DiskView) =>
  partitionTable(Buffer.isBuffer(disk) ? bufferView(disk) : disk).partitions.map(
    ({ index, offset, bytes }) => [index, offset / 512, bytes / 512],
  );

/** One primary partition, and two logical ones in the fourth entry's extended partition. */
const layout = {
  0: [linux(1, 9), linux(0, 0), linux(0, 0), box(10, 90)],
  10: [linux(2, 8), box(20, 30)],
  30: [linux(3, 7)],
};

describe('logical partitions', () => {
  it.each([0x05, 0x0f, 0x85])('are numbered from 5 on, and their box is none: type %d', (type) => {
    const disk = smallMbr(100, { ...layout, 0: [linux(1, 9), linux(0, 0), linux(0, 0), box(10, 90, type)] });
    expect(found(disk)).toEqual([
      [1, 1, 9],
      [5, 12, 8],
      [6, 33, 7],
    ]);
    expect(partitionTable(bufferView(disk)).partitions.at(-1)?.typeGuid).toBe('MBR-83');
  });

  it('have names in the map of a disk, and their boot records too', () => {
    const content = smallExt4();
    const sectors = content.length / 512;
    const disk = smallMbr(sectors + 100, { 0: [box(10, sectors + 90)], 10: [linux(2, sectors)] });
    content.copy(disk, 12 * 512);
    const map = new DiskMap(bufferView(disk));
    const texts = (offset: number, bytes: number) => map.describe(offset, bytes).map(({ text }) => text);
    expect(texts(0, 1024)).toEqual(['MBR', 'outside of all partitions']);
    expect(texts(10 * 512, 12 * 512)).toEqual([
      'EBR',
      'outside of all partitions',
      'partition 5: superblock',
      'partition 5: group descriptors',
      'partition 5: block bitmap of group 0',
      'partition 5: inode bitmap of group 0',
    ]);
  });

  it('a chain that comes back to itself ends there', () => {
    const back = { ...layout, 30: [linux(3, 7), box(0, 90)] };
    expect(found(smallMbr(100, back))).toHaveLength(3);
    expect(found(smallMbr(100, { 0: [box(10, 90)], 10: [box(0, 90)] }))).toEqual([]);
    expect(found(smallMbr(100, { 0: [linux(1, 9), box(0, 100)] }))).toEqual([[1, 1, 9]]);
  });

  it('a chain without end is followed as far as Linux follows it', () => {
    const sectors = 100_000;
    const chain = (first: number, next: (i: number) => MbrEntry[]) =>
      smallMbr(sectors, {
        0: [box(1, sectors - 1)],
        ...Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [1 + i * first, next(i)])),
      });
    const full = found(chain(10, (i) => [linux(1, 5), box((i + 1) * 10, 10)]));
    expect(full).toHaveLength(251);
    expect(full.at(-1)).toEqual([255, 2502, 5]);
    // The 100th link without a partition is the last; with one in it, Linux counts anew.
    const sparse = (at: number) =>
      chain(10, (i) => [...(i === at ? [linux(1, 5)] : []), box((i + 1) * 10, 10)]);
    expect(found(sparse(99))).toEqual([[5, 992, 5]]);
    expect(found(sparse(100))).toEqual([]);
  });

  it('one that leads out of the disk keeps its number, and is left out', () => {
    const disk = smallMbr(100, { ...layout, 10: [linux(2, 2000), box(20, 30)] });
    expect(found(disk)).toEqual([
      [1, 1, 9],
      [6, 33, 7],
    ]);
    expect(found(smallMbr(100, { ...layout, 10: [linux(2, 8), box(4000, 30)] }))).toEqual([
      [1, 1, 9],
      [5, 12, 8],
    ]);
  });

  it('remnants in the third and fourth entry do not count', () => {
    const disk = smallMbr(100, { ...layout, 30: [linux(3, 7), linux(0, 0), linux(25, 10), linux(12, 4)] });
    expect(found(disk).slice(3)).toEqual([[7, 42, 4]]);
  });

  it('nothing is read where the fourth entry is a damaged GPT’s', () => {
    expect(found(smallMbr(100, { ...layout, 0: [linux(1, 9), box(10, 90), box(1, 99, 0xee)] }))).toEqual([]);
  });
});

describe('volumes', () => {
  it('partitions that overlap are none: nobody can say whose a block is', () => {
    const indexes = (disk: Buffer) => volumesOf(bufferView(disk)).map(({ index }) => index);
    expect(indexes(smallMbr(100, layout))).toEqual([1, 5, 6]);
    expect(indexes(smallMbr(100, { ...layout, 30: [linux(3, 7), linux(0, 0), linux(9, 10)] }))).toEqual([
      1, 5,
    ]);
    expect(indexes(smallMbr(100, { 0: [linux(1, 50), linux(50, 9)] }))).toEqual([]);
    expect(indexes(Buffer.alloc(4096))).toEqual([0]);
  });
});
