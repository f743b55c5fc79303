import { describe, expect, it } from 'vitest';
import { DiskMap, describePlace } from '../../../src/filesystem/disk-map.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { JournalWriter } from './ext4/journal-writer.ts';
import { journalFeatures, small, smallExt4 } from './small-ext4.ts';
import { fat, smallFat } from './small-fat.ts';
import { smallGpt } from './small-gpt.ts';

const textsOf = (disk: Buffer, offset: number, length: number) =>
  new DiskMap(bufferView(disk)).describe(offset, length).map(({ text }) => text);
const kib = 1024;

describe('a disk', () => {
  const disk = smallGpt([
    { name: 'boot', content: smallFat() },
    { name: 'slot', content: Buffer.alloc(4096, 'hsqs') },
    { name: 'data', content: smallExt4() },
  ]);
  const boot = 64 * 512;
  const slot = boot + fat.sectors * 512;
  const data = slot + 4096;

  it('names what lies where, over all partitions', () => {
    expect(textsOf(disk, 0, 512)).toEqual(['GPT']);
    expect(textsOf(disk, disk.length - 512, 512)).toEqual(['GPT']);
    expect(textsOf(disk, 34 * 512 - 1, 2)).toEqual(['GPT', 'outside of all partitions']);
    expect(textsOf(disk, slot + 512, 1024)).toEqual([
      'slot: no file system (slot or raw data), bytes 512-1535',
    ]);
    expect(textsOf(disk, slot + 4000, 96 + 2 * kib)).toEqual([
      'slot: no file system (slot or raw data), bytes 4000-4095',
      'data: superblock',
    ]);
  });

  it('covers each range without gap or overlap', () => {
    const places = describePlace(bufferView(disk), 0, disk.length + 5000);
    let at = 0;
    for (const { offset, bytes } of places) {
      expect(offset).toBe(at);
      at += bytes;
    }
    expect(at).toBe(disk.length);
  });

  it('says the same for programs', () => {
    expect(new DiskMap(bufferView(disk)).describe(data + small.fileBlock * kib + 512, 1024)).toEqual([
      {
        offset: data + small.fileBlock * kib + 512,
        bytes: 1024,
        partition: 'data',
        filesystem: 'ext4',
        content: { kind: 'file', path: '/file', inode: 12, offset: 512, bytes: 1024 },
        text: 'data: /file (inode 12, bytes 512-1535)',
      },
    ]);
  });
});

describe('ext4', () => {
  const at = (block: number, blocks = 1) => textsOf(smallExt4(), block * kib, blocks * kib);

  it.each([
    [1, 'superblock'],
    [2, 'group descriptors'],
    [3, 'block bitmap of group 0'],
    [4, 'inode bitmap of group 0'],
    [5, 'inode table (inode 2 /)'],
    [8, 'inode table (inode 13 /etc, 14 /etc/big)'],
    [small.rootBlock, 'directory / (inode 2)'],
    [small.etcBlock, 'directory /etc (inode 13)'],
    [small.fileBlock + 1, '/file (inode 12, bytes 1024-2047)'],
    [small.treeBlock, 'block list of /etc/big (inode 14)'],
    [small.bigBlock + 21, '/etc/big (inode 14, bytes 13312-14335)'],
    [small.journalStart + 77, 'journal'],
    [90, 'free space'],
  ])('block %d', (block, text) => {
    expect(at(block)).toEqual([`disk: ${text}`]);
  });

  it('a range of many blocks: one place for what is in one piece', () => {
    expect(at(small.fileBlock, small.treeBlock - small.fileBlock)).toEqual([
      'disk: /file (inode 12, bytes 0-2047)',
      'disk: free space',
    ]);
  });

  it('is read as recovery would leave it', () => {
    const image = smallExt4();
    const writer = new JournalWriter(image, { incompat: journalFeatures.v3, start: 1, sequence: 1 });
    const root = Buffer.from(image.subarray(small.rootBlock * kib, (small.rootBlock + 1) * kib));
    root.write('new!', root.indexOf('file'));
    writer.append({ writes: [{ block: small.rootBlock, content: root }], revoked: [] });
    expect(textsOf(image, small.fileBlock * kib, 512)).toEqual(['disk: /new! (inode 12, bytes 0-511)']);
  });

  it('a file without a name, and one with control characters in it', () => {
    const image = smallExt4();
    const name = image.indexOf('file', small.rootBlock * kib);
    image.writeUInt8(7, name);
    expect(textsOf(image, small.fileBlock * kib, 1)).toEqual(['disk: /\\x07ile (inode 12, bytes 0-0)']);
    image.writeUInt32LE(0, name - 8);
    expect(textsOf(image, small.fileBlock * kib, 1)).toEqual([
      'disk: a file without a name (inode 12, bytes 0-0)',
    ]);
  });
});

describe('FAT', () => {
  it('boot sector, tables, directories and files by their long names', () => {
    expect(textsOf(smallFat(), 0, 12 * 512)).toEqual([
      'disk: boot sector',
      'disk: FAT',
      'disk: copy 1 of the FAT',
      'disk: directory /',
      'disk: /ENV.TXT (bytes 0-511)',
      'disk: directory /loader',
      'disk: /ENV.TXT (bytes 512-1023)',
      'disk: /loader/a long name.efi (bytes 0-511)',
      'disk: free space',
    ]);
  });

  it('a chain that comes back to itself ends', () => {
    const image = smallFat();
    // Cluster 4 is followed by cluster 2.
    image.writeUInt16LE((image.readUInt16LE(512 + 6) & 0xf000) | 2, 512 + 6);
    expect(textsOf(image, (fat.dataStart + 2) * 512, 512)).toEqual(['disk: /ENV.TXT (bytes 512-1023)']);
  });
});
