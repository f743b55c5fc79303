import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { Cells } from '../../../src/explore/cells.ts';
import { Contents } from '../../../src/explore/contents.ts';
import { type Ext4Part, ext4Parts } from '../../../src/explore/ext4-part.ts';
import { Space } from '../../../src/explore/space.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { ReadSet } from '../../../src/nbd/read-set.ts';
import { sectorBytes, WriteLog } from '../../../src/writelog/log.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { RealExt4 } from '../../support/real-ext4.ts';
import { type RenamedFile, renamedFile } from '../../support/renamed-file.ts';

/** A disk that is one ext4 on which a file is renamed over another. */
class Recording {
  readonly made: RenamedFile;
  readonly part: Ext4Part;
  readonly space: Space;

  constructor(ext4: RealExt4) {
    this.made = renamedFile(ext4);
    const { base, writes, blockBytes } = this.made;
    const each = blockBytes / sectorBytes;
    const log = new WriteLog([{ id: 'main', cache: 'writeback', sectors: base.length / sectorBytes }]);
    for (const [i, { block }] of writes.entries())
      log.complete(log.issue(0, 'write', block * each, each, false, i * each));
    const written = Buffer.concat(writes.map(({ content }) => content));
    const read = (at: number, count: number) =>
      written.subarray(at * sectorBytes, (at + count) * sectorBytes);
    const contents = new Contents({ sectors: writes.length * each, read }, [bufferView(base)]);
    const cells = new Cells(contents, [base.length / sectorBytes]);
    const parts = ext4Parts([bufferView(base)], cells, contents);
    expect(parts).toHaveLength(1);
    this.part = parts[0]!;
    const windows = [{ upgrade: 0, phase: 'install' as const, from: 0, to: log.now }];
    const random = new Random('x');
    this.space = new Space({ log, windows, kinds: ['prefix'], contents, cells, parts, random });
  }

  /** After how many writes the states are that agree with what a boot of one has read. */
  agreeing(writes: number, read: ReadSet): number[] {
    const ref = { axis: 'head', position: writes } as const;
    const cells = this.space.cellsRead((cell) => this.space.contentIn(ref, cell), [read.blocksRead()]);
    const counts = this.space.mismatches('head', cells);
    return this.all().filter((other) => counts[other] === 0);
  }

  /** 0, 1, … to the number of writes. */
  all(): number[] {
    return Array.from({ length: this.made.writes.length + 1 }, (_, writes) => writes);
  }

  /** The disk after so many writes. */
  disk(count: number): Buffer {
    const { base, writes, blockBytes } = this.made;
    const disk = Buffer.from(base);
    for (const { block, content } of writes.slice(0, count)) content.copy(disk, block * blockBytes);
    return disk;
  }

  /** What a boot has read that looks at the whole disk once it has recovered the journal, or without. */
  read(how: 'recovers' | 'raw' | 'raw folder, then recovers'): ReadSet {
    const { base, blockBytes, folder } = this.made;
    const set = new ReadSet(base.length, sectorBytes, [this.part.journaled]);
    const at = folder * blockBytes;
    if (how === 'raw folder, then recovers') set.noteRead(at, at + blockBytes);
    const journal = this.part.journaled.journal * sectorBytes;
    set.noteRead(journal, journal + blockBytes);
    if (how !== 'raw') set.noteWrite(journal, journal + blockBytes);
    set.noteRead(0, base.length);
    return set;
  }
}

describe('ext4Parts', () => {
  needPrograms('mke2fs', 'debugfs');

  it('finds the journal where e2fsprogs has put it, and where the file system ends', () => {
    using ext4 = new RealExt4();
    const { made, part } = new Recording(ext4);
    const { base, blockBytes } = made;
    const [journal = 0] = ext4.blocksOf(base, '<8>');
    expect(part.journaled).toEqual({
      first: 0,
      end: base.length / sectorBytes,
      journal: (journal * blockBytes) / sectorBytes,
    });
  });

  it('makes states one that a recovered journal makes the same, to a reader that recovers it', () => {
    using ext4 = new RealExt4();
    const recording = new Recording(ext4);
    const texts = recording.all().map((writes) => ext4.recoveredText(recording.disk(writes), '/etc/hosts'));
    expect([...new Set(texts)]).toEqual(['localhost\n', 'localhost, controller\n']);
    const read = recording.read('recovers');
    for (const writes of recording.all())
      expect(recording.agreeing(writes, read)).toEqual(
        recording.all().filter((other) => texts[other] === texts[writes]),
      );
  });

  it('keeps them apart where the disk was read raw', () => {
    using ext4 = new RealExt4();
    const recording = new Recording(ext4);
    const read = recording.read('raw');
    for (const writes of recording.all()) expect(recording.agreeing(writes, read)).toEqual([writes]);
  });

  it('keeps those apart in which a boot loader read another folder before the journal was recovered', () => {
    using ext4 = new RealExt4();
    const recording = new Recording(ext4);
    const { committed, inPlace, writes } = recording.made;
    const read = recording.read('raw folder, then recovers');
    const span = (from: number, to: number) => recording.all().slice(from, to);
    expect(recording.agreeing(0, read)).toEqual(span(0, committed));
    expect(recording.agreeing(committed, read)).toEqual(span(committed, inPlace));
    expect(recording.agreeing(writes.length, read)).toEqual(span(inPlace, writes.length + 1));
  });
});
