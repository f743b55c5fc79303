import { describe, expect, it } from 'vitest';
import { ViewSource } from '../../../../src/filesystem/ext4/block-source.ts';
import { Canonicalizer } from '../../../../src/filesystem/ext4/canonical.ts';
import { canonicalImage } from '../../../../src/filesystem/ext4/canonical-image.ts';
import { bufferView } from '../../../../src/filesystem/view.ts';
import { journalFeatures, small, smallExt4, writeJournalHead, writeSuperblock } from '../small-ext4.ts';
import { JournalWriter, type TestTransaction } from './journal-writer.ts';

const recover = 0x4;
const formOf = (image: Buffer, names?: Map<string, number>, canonicalizer?: Canonicalizer) =>
  (canonicalizer ?? new Canonicalizer(small.blockBytes, small.blocks)).form(
    new ViewSource(bufferView(image), small.blockBytes, names),
  );

/** Two images as one canonicalizer sees them. */
function superblocks(one: Buffer, other: Buffer): { same: boolean } {
  const canonicalizer = new Canonicalizer(small.blockBytes, small.blocks);
  const names = new Map<string, number>();
  const [first, second] = [one, other].map((image) => formOf(image, names, canonicalizer));
  if (first?.kind !== 'canonical' || second?.kind !== 'canonical') throw new Error('odd');
  return { same: first.superblock === second.superblock };
}

function changed(change: (superblock: Buffer) => unknown): Buffer {
  const image = smallExt4();
  writeSuperblock(image, change);
  return image;
}

/** With one transaction that replaces a file's block, and perhaps the superblock. */
function pending(superblock?: (block: Buffer) => unknown): Buffer {
  const image = smallExt4();
  const writer = new JournalWriter(image, { incompat: journalFeatures.v3, start: 1, sequence: 1 });
  const writes: TestTransaction['writes'] = [{ block: small.fileBlock, content: Buffer.alloc(1024, 'new') }];
  if (superblock !== undefined) {
    const other = changed(superblock);
    writes.push({ block: 1, content: other.subarray(1024, 2048) });
  }
  writer.append({ writes, revoked: [] });
  return image;
}

describe('the superblock', () => {
  it.each<[string, (sb: Buffer) => unknown]>([
    ['the time of the last mount', (sb) => sb.writeUInt32LE(9, 0x2c)],
    ['the time of the last write', (sb) => sb.writeUInt8(1, 0x274)],
    ['the place of the last mount', (sb) => sb.write('/data', 0x88)],
    ['how much was written', (sb) => sb.writeUInt32LE(9, 0x178)],
    ['the number of mounts', (sb) => sb.writeUInt16LE(9, 0x34)],
    ['the number of free blocks', (sb) => sb.writeUInt32LE(9, 0xc)],
    ['the number of free inodes', (sb) => sb.writeUInt32LE(9, 0x10)],
    ['whether to recover', (sb) => sb.writeUInt32LE(sb.readUInt32LE(0x60) & ~recover, 0x60)],
  ])('%s does not matter', (_, change) => {
    expect(superblocks(smallExt4(), changed(change))).toEqual({ same: true });
  });

  it.each<[string, (sb: Buffer) => unknown]>([
    ['the state', (sb) => sb.writeUInt16LE(2, 0x3a)],
    ['the number of errors', (sb) => sb.writeUInt32LE(1, 0x194)],
    ['the orphan list', (sb) => sb.writeUInt32LE(12, 0xe8)],
    ['the time of the last check', (sb) => sb.writeUInt32LE(12, 0x40)],
    ['more free blocks than blocks', (sb) => sb.writeUInt32LE(small.blocks + 1, 0xc)],
    ['the label', (sb) => sb.write('other', 0x78)],
  ])('%s matters', (_, change) => {
    expect(superblocks(smallExt4(), changed(change))).toEqual({ same: false });
  });

  it('the number of mounts matters where it makes e2fsck check', () => {
    const every = (sb: Buffer) => sb.writeUInt16LE(20, 0x36);
    const again = (sb: Buffer) => {
      every(sb);
      sb.writeUInt16LE(19, 0x34);
    };
    expect(superblocks(changed(every), changed(again))).toEqual({ same: false });
  });
});

describe('canonicalImage', () => {
  it('has the recovered blocks and the superblock, and drops the journal', () => {
    const image = canonicalImage(bufferView(pending()));
    if (image.kind === 'odd') throw new Error(image.why);
    expect([...image.blocks.keys()]).toEqual([small.fileBlock, 1]);
    expect(image.blocks.get(small.fileBlock)).toEqual(Buffer.alloc(1024, 'new'));
    expect(image.dropped.size).toBe(small.journalBlocks);
    expect(image.dropped.has(small.journalStart)).toBe(true);
  });

  it('takes the superblock from the journal where it is in there', () => {
    const label = (sb: Buffer) => sb.write('fresh', 0x78);
    const image = canonicalImage(bufferView(pending(label)));
    if (image.kind === 'odd') throw new Error(image.why);
    expect(image.blocks.get(1)?.toString('latin1', 0x78, 0x7d)).toBe('fresh');
  });

  it.each<[string, Buffer, RegExp]>([
    ['errors that only the journal has', pending((sb) => sb.writeUInt32LE(1, 0x194)), /errors/],
    ['another shape in the journal', pending((sb) => sb.writeUInt32LE(1500, 0x4)), /another file system/],
    ['no valid checksum', patched(smallExt4(), 1024 + 0x70), /checksum/],
    ['unknown features', changed((sb) => sb.writeUInt32LE(0x80000, 0x60)), /0x80000/],
    ['protection against multiple mounts', changed((sb) => sb.writeUInt32LE(0x142, 0x60)), /multiple/],
    ['a journal elsewhere', changed((sb) => sb.writeUInt32LE(5, 0xe4)), /another device/],
    ['a damaged journal inode', patched(smallExt4(), 5 * 1024 + 7 * 256 + 4), /wrong checksum/],
    ['a log that it does not know of', unknownLog(), /knows nothing/],
  ])('%s: odd', (_, image, why) => {
    expect(canonicalImage(bufferView(image))).toEqual({
      kind: 'odd',
      why: expect.stringMatching(why) as string,
    });
  });

  it('a file system without a journal has nothing to recover', () => {
    const image = canonicalImage(bufferView(changed((sb) => sb.writeUInt32LE(0, 0x5c))));
    expect(image).toMatchObject({ kind: 'canonical', dropped: new Set() });
  });
});

function patched(image: Buffer, at: number): Buffer {
  image.writeUInt8(image.readUInt8(at) ^ 0xff, at);
  return image;
}

function unknownLog(): Buffer {
  const image = pending();
  writeSuperblock(image, (sb) => sb.writeUInt32LE(sb.readUInt32LE(0x60) & ~recover, 0x60));
  return image;
}

describe('Canonicalizer', () => {
  it('gives the same form before and after the log was written home', () => {
    const canonicalizer = new Canonicalizer(small.blockBytes, small.blocks);
    const names = new Map<string, number>();
    const before = pending();
    const home = smallExt4();
    home.fill('new', small.fileBlock * 1024, (small.fileBlock + 1) * 1024);
    writeJournalHead(home, { start: 0, sequence: 2, incompat: journalFeatures.v3 });
    const [one, other] = [before, home].map((image) => formOf(image, names, canonicalizer));
    expect(one).toMatchObject({ kind: 'canonical', pending: true });
    expect(other).toMatchObject({ kind: 'canonical', pending: false, writes: new Map() });
    if (one?.kind !== 'canonical' || other?.kind !== 'canonical') throw new Error('odd');
    expect(one.superblock).toBe(other.superblock);
    expect([...one.writes.keys()]).toEqual([small.fileBlock]);
    expect(formOf(before, names, canonicalizer)).toEqual(one);
  });

  it('refuses a file system of another size', () => {
    const view = new ViewSource(bufferView(smallExt4()), small.blockBytes);
    expect(new Canonicalizer(small.blockBytes, 1599).form(view)).toMatchObject({ kind: 'odd' });
  });
});
