import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlockSource, ViewSource } from '../../../../src/filesystem/ext4/block-source.ts';
import { copiedBlock, JournalReplayer } from '../../../../src/filesystem/ext4/jbd2.ts';
import { type JournalGeometry, journalGeometry } from '../../../../src/filesystem/ext4/journal-geometry.ts';
import type { Replayed } from '../../../../src/filesystem/ext4/journal-log.ts';
import type { Odd } from '../../../../src/filesystem/malformed.ts';
import { bufferView } from '../../../../src/filesystem/view.ts';
import { journalFeatures, small, smallExt4, writeJournalHead } from '../small-ext4.ts';
import { JournalWriter, type TestTransaction } from './journal-writer.ts';

const { wide, v2, v3 } = journalFeatures;

function geometryOf(image: Buffer): JournalGeometry {
  const geometry = journalGeometry(bufferView(image));
  if (geometry?.kind !== 'journal') throw new Error('no journal');
  return geometry;
}

const sourceOf = (image: Buffer) => new ViewSource(bufferView(image), small.blockBytes);

function replay(image: Buffer): Replayed | Odd {
  return new JournalReplayer(geometryOf(image)).replay(sourceOf(image));
}

/** Block to content, as recovery would write it. */
function contents(image: Buffer): Record<number, string> {
  const replayed = replay(image);
  if (replayed.kind === 'odd') throw new Error(replayed.why);
  const source = sourceOf(image);
  return Object.fromEntries(
    [...replayed.writes].map(([block, copy]) => [block, copiedBlock(source, copy).toString('hex', 0, 8)]),
  );
}

const block = (number: number, text: string) => ({ block: number, content: Buffer.alloc(1024, text) });
const escaped = (number: number) => {
  const { content } = block(number, 'x');
  content.writeUInt32BE(0xc03b3998, 0);
  return { block: number, content };
};
const hex = (text: string) => Buffer.alloc(8, text).toString('hex');

/** A log with two transactions. */
function twoTransactions(incompat = wide | v3, start = 1): { image: Buffer; writer: JournalWriter } {
  const image = smallExt4();
  const writer = new JournalWriter(image, { incompat, start, sequence: 7 });
  writer.append({ writes: [block(50, 'a'), block(51, 'b')], revoked: [] });
  writer.append({ writes: [block(50, 'c'), escaped(52)], revoked: [51] });
  return { image, writer };
}

/** Appends a transaction without its commit block, and tears its descriptor. */
function tornAtTheEnd(writer: JournalWriter): void {
  const descriptor = writer.blockAt(writer.at);
  writer.append({ writes: [block(60, 'z')], revoked: [] }, false);
  descriptor.fill(1, 600, 700);
}

const arbitraryTransaction = fc
  .record({
    writes: fc.array(
      fc.record({ block: fc.integer({ min: 30, max: 40 }), letter: fc.constantFrom('p', 'q', 'r', 'magic') }),
      { maxLength: 12 },
    ),
    revoked: fc.uniqueArray(fc.integer({ min: 30, max: 40 }), { maxLength: 4 }),
  })
  .map(
    ({ writes, revoked }): TestTransaction => ({
      writes: writes.map((write) =>
        write.letter === 'magic' ? escaped(write.block) : block(write.block, write.letter),
      ),
      revoked,
    }),
  );

/** What recovery comes to, by the words of the format's description. */
function model(transactions: readonly TestTransaction[]): Record<number, string> {
  const result = new Map<number, string>();
  for (const [i, { writes }] of transactions.entries()) {
    for (const { block, content } of writes) {
      const revokedLater = transactions.slice(i).some(({ revoked }) => revoked.includes(block));
      if (!revokedLater) result.set(block, content.toString('hex', 0, 8));
    }
  }
  return Object.fromEntries(result);
}

describe('JournalReplayer', () => {
  it('an empty log has nothing pending', () => {
    expect(replay(smallExt4())).toEqual({
      kind: 'replayed',
      writes: new Map(),
      pending: false,
      transactions: 0,
    });
  });

  it('the last content counts, revoked blocks do not, escaped ones are restored', () => {
    const { image } = twoTransactions();
    expect(contents(image)).toEqual({ 50: hex('c'), 52: 'c03b399878787878' });
  });

  it('any log of any format, from any place', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryTransaction, { maxLength: 8 }),
        fc.option(arbitraryTransaction),
        fc.constantFrom(0, wide, v2, v3, wide | v2, wide | v3),
        fc.integer({ min: 1, max: small.journalBlocks - 1 }),
        (transactions, unfinished, incompat, start) => {
          const image = smallExt4();
          const writer = new JournalWriter(image, { incompat, start, sequence: 41 });
          for (const transaction of transactions) writer.append(transaction);
          if (unfinished !== null) writer.append(unfinished, false);
          expect(contents(image)).toEqual(model(transactions));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a leftover with an older sequence number ends the log', () => {
    const { image, writer } = twoTransactions();
    writer.sequence = 3;
    writer.append({ writes: [block(60, 'z')], revoked: [] });
    expect(Object.keys(contents(image))).toEqual(['50', '52']);
  });

  it.each<[string, (writer: JournalWriter) => void, string[] | RegExp]>([
    ['a torn descriptor that nothing follows', tornAtTheEnd, ['50', '52']],
    ['a commit block that is not there', (w) => w.blockAt(9).fill(0), ['50', '51']],
    ['a descriptor that is not there', (w) => w.blockAt(5).fill(0), ['50', '51']],
    ['a torn descriptor of a whole transaction', (w) => w.blockAt(5).fill(1, 600, 700), /wrong checksum/],
    ['a torn revoke block', (w) => w.blockAt(8).fill(1, 600, 700), /wrong checksum/],
    ['a torn commit block', (w) => w.blockAt(9).fill(1, 600, 700), /commit block with a wrong checksum/],
    ['a wrong data block', (w) => w.blockAt(6).fill(1, 600, 700), /data block with a wrong checksum/],
    ['a block of no known type', (w) => w.blockAt(5).writeUInt32BE(9, 4), /unknown type/],
  ])('%s', (_, spoil, expected) => {
    const { image, writer } = twoTransactions();
    spoil(writer);
    const result = replay(image);
    if (expected instanceof RegExp)
      expect(result).toEqual({ kind: 'odd', why: expect.stringMatching(expected) as string });
    else expect(Object.keys(contents(image))).toEqual(expected);
  });

  it.each<[string, (image: Buffer) => void, RegExp]>([
    ['an error', (i) => writeJournalHead(i, { start: 1, sequence: 1, error: 5 }), /error/],
    ['fast commits', (i) => writeJournalHead(i, { start: 0, sequence: 1, incompat: 32 }), /features/],
    ['asynchronous commits', (i) => writeJournalHead(i, { start: 0, sequence: 1, incompat: 4 }), /features/],
    ['two kinds of checksum', (i) => writeJournalHead(i, { start: 0, sequence: 1, incompat: 24 }), /two/],
    ['a start outside', (i) => writeJournalHead(i, { start: 5000, sequence: 1 }), /outside/],
    ['no magic number', (i) => i.writeUInt8(0, small.journalStart * 1024), /no superblock/],
    ['version 1', (i) => i.writeUInt32BE(3, small.journalStart * 1024 + 4), /version 2/],
  ])('a journal superblock with %s is odd', (_, spoil, why) => {
    const image = smallExt4();
    spoil(image);
    expect(replay(image)).toEqual({ kind: 'odd', why: expect.stringMatching(why) as string });
  });

  it('a journal superblock with a wrong checksum is odd', () => {
    const { image, writer } = twoTransactions();
    writer.blockAt(0).writeUInt8(1, 0x70);
    expect(replay(image)).toMatchObject({ kind: 'odd' });
  });

  it.each([
    ['the journal itself', small.journalStart + 500],
    ['what is outside', small.blocks],
  ])('a tag for %s is odd', (_, target) => {
    const image = smallExt4();
    const writer = new JournalWriter(image, { incompat: v3, start: 1, sequence: 1 });
    writer.append({ writes: [block(target, 'a')], revoked: [] });
    expect(replay(image)).toMatchObject({ kind: 'odd' });
  });

  it('a log without an end is odd', () => {
    const image = smallExt4();
    const writer = new JournalWriter(image, { incompat: 0, start: 1, sequence: 1 });
    for (let i = 1; i < small.journalBlocks; i += 1) writer.append({ writes: [], revoked: [30] }, false);
    expect(replay(image)).toEqual({ kind: 'odd', why: 'the log has no end' });
  });
});

describe('what is kept', () => {
  /** A source that counts how often a block is read. */
  function counting(image: Buffer, names: Map<string, number>): BlockSource & { reads: number } {
    const source = new ViewSource(bufferView(image), small.blockBytes, names);
    const counted = {
      reads: 0,
      id: (number: number) => source.id(number),
      read: (number: number) => {
        counted.reads += 1;
        return source.read(number);
      },
    };
    return counted;
  }

  it('nothing is read twice, and equal logs give the same object', () => {
    const image = smallExt4();
    const writer = new JournalWriter(image, { incompat: wide | v3, start: 1, sequence: 1 });
    const transaction = (text: string) => ({
      writes: Array.from({ length: 20 }, (_, i) => block(30 + i, `${text}${i}`)),
      revoked: [],
    });
    for (let i = 0; i < 20; i += 1) writer.append(transaction(`t${i}`));
    const replayer = new JournalReplayer(geometryOf(image));
    const names = new Map<string, number>();
    const first = replayer.replay(counting(image, names));
    const again = counting(image, names);
    expect(replayer.replay(again)).toBe(first);
    expect(again.reads).toBe(0);

    const longer = Buffer.from(image);
    image.copy(longer);
    const more = new JournalWriter(longer, { incompat: wide | v3, start: 1, sequence: 1 });
    more.at = writer.at;
    more.sequence = writer.sequence;
    more.append(transaction('new'));
    const third = counting(longer, names);
    expect(replayer.replay(third)).toMatchObject({ kind: 'replayed', transactions: 21 });
    // Four descriptors, a commit block, twenty blocks of data, and the block behind them.
    expect(third.reads).toBeLessThanOrEqual(26);
  });

  it('an unfinished transaction changes nothing', () => {
    const { image, writer } = twoTransactions();
    const replayer = new JournalReplayer(geometryOf(image));
    const names = new Map<string, number>();
    const before = replayer.replay(counting(image, names));
    const longer = Buffer.from(image);
    const more = new JournalWriter(longer, { incompat: wide | v3, start: 1, sequence: 7 });
    more.at = writer.at;
    more.sequence = writer.sequence;
    more.append({ writes: [block(60, 'z')], revoked: [] }, false);
    expect(replayer.replay(counting(longer, names))).toBe(before);
  });
});
