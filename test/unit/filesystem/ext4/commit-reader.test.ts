import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Commit, CommitReader } from '../../../../src/filesystem/ext4/commit-reader.ts';
import { journalGeometry } from '../../../../src/filesystem/ext4/journal-geometry.ts';
import { bufferView } from '../../../../src/filesystem/view.ts';
import { journalFeatures, small, smallExt4 } from '../small-ext4.ts';
import { JournalWriter, type TestTransaction } from './journal-writer.ts';

const { wide, v2, v3 } = journalFeatures;
const magic = 0xc03b3998;

/** A file system, and a journal that is written to block by block while a reader follows. */
class FollowedJournal {
  readonly writer: JournalWriter;
  private readonly contents: Buffer[] = [];
  private readonly reader: CommitReader;

  constructor(incompat: number, start: number) {
    const image = smallExt4();
    this.writer = new JournalWriter(image, { incompat, start, sequence: 41 });
    const before = bufferView(Buffer.from(image));
    const geometry = journalGeometry(before);
    if (geometry?.kind !== 'journal') throw new Error('no journal');
    this.reader = new CommitReader(before, geometry, (place) => this.contents[place] ?? Buffer.alloc(0));
  }

  /** Appends a transaction; returns what the reader tells of each block. `keep`: of how many it hears. */
  append(transaction: TestTransaction, keep = Number.POSITIVE_INFINITY): (Commit | undefined)[] {
    const positions: number[] = [];
    const { at } = this.writer;
    this.writer.append(transaction);
    for (let next = at; next !== this.writer.at; next = next + 1 >= small.journalBlocks ? 1 : next + 1)
      positions.push(next);
    return positions.slice(0, keep).map((position) => {
      const place = this.contents.push(Buffer.from(this.writer.blockAt(position))) - 1;
      return this.reader.write(small.journalStart + position, place);
    });
  }

  /** What a commit gives each block, the last content where it has several. */
  contentsOf({ writes }: Commit): Map<number, string> {
    return new Map(
      [...writes].map(([block, { place, escaped }]) => {
        const content = Buffer.from(this.contents[place] ?? Buffer.alloc(0));
        if (escaped) content.writeUInt32BE(magic, 0);
        return [block, content.toString('hex', 0, 8)];
      }),
    );
  }
}

const arbitraryTransaction: fc.Arbitrary<TestTransaction> = fc
  .record({
    writes: fc.array(
      fc.record({ block: fc.integer({ min: 30, max: 40 }), fill: fc.integer({ min: 0, max: 255 }) }),
      {
        minLength: 1,
        maxLength: 12,
      },
    ),
    escaped: fc.boolean(),
    revoked: fc.uniqueArray(fc.integer({ min: 30, max: 40 }), { maxLength: 4 }),
  })
  .map(({ writes, escaped, revoked }) => ({
    writes: writes.map(({ block, fill }) => {
      const content = Buffer.alloc(small.blockBytes, fill);
      if (escaped) content.writeUInt32BE(magic, 0);
      return { block, content };
    }),
    revoked,
  }));

const expected = ({ writes }: TestTransaction) =>
  new Map(writes.map(({ block, content }) => [block, content.toString('hex', 0, 8)]));

describe('a reader that follows a journal', () => {
  it('tells each transaction with its last block, in any format and around the end', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryTransaction, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(0, wide, v2, v3, wide | v2, wide | v3),
        fc.integer({ min: 1, max: small.journalBlocks - 1 }),
        (transactions, incompat, start) => {
          const journal = new FollowedJournal(incompat, start);
          for (const [i, transaction] of transactions.entries()) {
            const told = journal.append(transaction);
            const last = told.at(-1);
            expect(told.slice(0, -1).every((commit) => commit === undefined)).toBe(true);
            expect(last?.sequence).toBe(41 + i);
            expect(last?.journalBlocks).toHaveLength(told.length);
            expect(last === undefined ? undefined : journal.contentsOf(last)).toEqual(expected(transaction));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('passes over a transaction that it has not heard whole, and goes on with the next', () => {
    fc.assert(
      fc.property(arbitraryTransaction, arbitraryTransaction, fc.nat(8), (first, second, keep) => {
        const journal = new FollowedJournal(wide | v3, 1);
        const heard = journal.append(first, Math.min(keep, first.writes.length));
        expect(heard.every((commit) => commit === undefined)).toBe(true);
        const last = journal.append(second).at(-1);
        expect(last === undefined ? undefined : journal.contentsOf(last)).toEqual(expected(second));
      }),
      { numRuns: 40 },
    );
  });

  it('believes nothing that is written where no journal is, or that is damaged', () => {
    const geometry = journalGeometry(bufferView(smallExt4()));
    if (geometry?.kind !== 'journal') throw new Error('no journal');
    const reader = new CommitReader(bufferView(smallExt4()), geometry, () =>
      Buffer.alloc(small.blockBytes, 7),
    );
    expect([reader.isJournal(small.rootBlock), reader.write(small.rootBlock, 0)]).toEqual([false, undefined]);
    expect(reader.write(small.journalStart, 0)).toBeUndefined();
    expect(reader.write(small.journalStart + 1, 0)).toBeUndefined();
  });
});
