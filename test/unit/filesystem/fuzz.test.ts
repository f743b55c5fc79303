import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiskMap } from '../../../src/filesystem/disk-map.ts';
import { canonicalImage } from '../../../src/filesystem/ext4/canonical-image.ts';
import { partitionTable } from '../../../src/filesystem/partitions/gpt.ts';
import { bufferView, type DiskView } from '../../../src/filesystem/view.ts';
import { JournalWriter } from './ext4/journal-writer.ts';
import { journalFeatures, small, smallExt4, writeJournalHead, writeSuperblock } from './small-ext4.ts';
import { smallFat } from './small-fat.ts';
import { smallGpt } from './small-gpt.ts';

/** Fails on a read that is not inside. */
function strictView(buffer: Buffer): DiskView {
  return {
    bytes: buffer.length,
    read: (offset, length) => {
      assert.ok(Number.isInteger(offset) && offset >= 0 && offset + length <= buffer.length);
      return buffer.subarray(offset, offset + length);
    },
  };
}

function pendingExt4(incompat: number): Buffer {
  const image = smallExt4();
  const writer = new JournalWriter(image, { incompat, start: 1020, sequence: 3 });
  for (const letter of ['a', 'b', 'c']) {
    const writes = [40, 41, 42].map((block) => ({ block, content: Buffer.alloc(1024, letter) }));
    writer.append({ writes, revoked: [43, 44] });
  }
  return image;
}

/** The parts of the small file system that say something. */
const metadata: [number, number][] = [
  [1024, 3 * 1024],
  [5 * 1024, 15 * 1024],
  [small.treeBlock * 1024, (small.treeBlock + 1) * 1024],
  [small.journalStart * 1024, (small.journalStart + 20) * 1024],
  [(small.journalStart + 1018) * 1024, (small.journalStart + small.journalBlocks) * 1024],
];

const arbitraryPlace = fc
  .tuple(fc.constantFrom(...metadata), fc.nat())
  .map(([[start, end], n]) => start + (n % (end - start)));
const arbitraryDamage = fc.array(
  fc.tuple(arbitraryPlace, fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255))),
  { minLength: 1, maxLength: 12 },
);

function check(image: Buffer): void {
  const view = strictView(image);
  const started = Date.now();
  const result = canonicalImage(view);
  expect(['odd', 'canonical']).toContain(result.kind);
  if (result.kind === 'canonical') {
    for (const [block, bytes] of result.blocks) {
      assert.ok(block < small.blocks && !result.dropped.has(block));
      assert.equal(bytes.length, small.blockBytes);
    }
  }
  const places = new DiskMap(view).describe(0, image.length);
  expect(places.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(image.length);
  expect(Date.now() - started).toBeLessThan(8000);
}

describe('damaged content never throws, hangs, or is read outside', () => {
  it.each([
    ['without checksums', 0],
    ['with checksums', journalFeatures.v3 | journalFeatures.wide],
  ])('ext4 with a journal %s', (_, incompat) => {
    fc.assert(
      fc.property(arbitraryDamage, (damage) => {
        const image = pendingExt4(incompat);
        for (const [at, value] of damage) image.writeUInt8(value, at);
        check(image);
      }),
      { numRuns: 80 },
    );
  });

  it('ext4 whose superblock’s checksum was made to fit, or that has none', () => {
    fc.assert(
      fc.property(arbitraryDamage, fc.boolean(), fc.boolean(), (damage, checked, journalToo) => {
        const image = pendingExt4(0);
        for (const [at, value] of damage) image.writeUInt8(value, at);
        image.writeUInt16LE(0xef53, 1024 + 0x38);
        writeSuperblock(image, (sb) => {
          sb.writeUInt32LE(checked ? 0x401 : 0x1, 0x64);
          sb.writeUInt32LE(sb.readUInt32LE(0x60) & 0x3f6d6, 0x60);
        });
        if (journalToo) writeJournalHead(image, { start: 1020, sequence: 3 });
        check(image);
      }),
      { numRuns: 120 },
    );
  });

  it('FAT', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(12 * 512), fc.nat(255)), { maxLength: 12 }), (damage) => {
        const image = smallFat();
        for (const [at, value] of damage) image.writeUInt8(value, at);
        image.writeUInt16LE(0xaa55, 510);
        check(image);
      }),
      { numRuns: 60 },
    );
  });

  it('partition tables, and noise', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20 * 512), fc.nat(255)), { maxLength: 8 }),
        fc.uint8Array({ maxLength: 3000 }),
        (damage, noise) => {
          const disk = smallGpt([{ name: 'a', content: Buffer.alloc(4096) }]);
          for (const [at, value] of damage) disk.writeUInt8(value, at);
          for (const { offset, bytes } of partitionTable(strictView(disk)).partitions)
            expect(offset + bytes).toBeLessThanOrEqual(disk.length);
          check(Buffer.from(noise));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('chains of extended boot records', () => {
    const word = fc.oneof(fc.nat(40), fc.constantFrom(0xffffffff, 0x80000000));
    const entry = fc.tuple(fc.constantFrom(0, 5, 0xf, 0x83, 0x85), word, word);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(39), fc.nat(3), entry), { maxLength: 60 }), (entries) => {
        const disk = Buffer.alloc(40 * 512);
        for (let sector = 0; sector < 40; sector += 1) disk.writeUInt16LE(0xaa55, sector * 512 + 510);
        for (const [sector, i, [type, start, sectors]] of entries) {
          const at = sector * 512 + 446 + i * 16;
          disk.writeUInt8(type, at + 4);
          disk.writeUInt32LE(start, at + 8);
          disk.writeUInt32LE(sectors, at + 12);
        }
        const { partitions } = partitionTable(strictView(disk));
        expect(partitions.length).toBeLessThanOrEqual(256);
        expect(new Set(partitions.map(({ index }) => index)).size).toBe(partitions.length);
        for (const { offset, bytes } of partitions) expect(offset + bytes).toBeLessThanOrEqual(disk.length);
        check(disk);
      }),
      { numRuns: 200 },
    );
  });

  it('a file system that claims to be huge', () => {
    const image = smallExt4();
    writeSuperblock(image, (sb) => {
      sb.writeUInt32LE(0xffffffff, 0x4);
      sb.writeUInt32LE(0xffffffff, 0x150);
    });
    expect(canonicalImage(bufferView(image))).toMatchObject({ kind: 'odd' });
    check(image);
  });
});
