import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadSet } from '../../../src/nbd/read-set.ts';
import { ReadSetDisk } from '../../../src/nbd/read-set-disk.ts';
import { MemoryDisk } from './memory-disk.ts';

describe('read set', () => {
  it('holds what was read, not what was written first', () => {
    const set = new ReadSet(5 * 4096);
    set.noteRead(4095, 4097);
    set.noteWrite(2 * 4096, 3 * 4096);
    set.noteRead(2 * 4096, 2 * 4096 + 1);
    expect(set.blocksRead().recovered).toEqual([0, 1]);
    expect(set.has(2)).toBe(false);
  });

  it('takes a partial overwrite for a read, unless the block is its own already', () => {
    const set = new ReadSet(5 * 4096);
    set.noteWrite(100, 4096 * 2 + 1);
    expect(set.blocksRead().recovered).toEqual([0, 2]);
    set.noteWrite(4096 + 512, 4096 + 1024);
    set.noteRead(4096, 2 * 4096);
    expect(set.blocksRead().recovered).toEqual([0, 2]);
  });

  it('takes the short last block of a disk for whole', () => {
    const set = new ReadSet(4096 + 512);
    set.noteWrite(4096, 4096 + 512);
    set.noteRead(4096, 4096 + 512);
    expect(set.blocksRead().recovered).toEqual([]);
  });

  describe('with a file system that has a journal', () => {
    const sector = (n: number) => [n * 512, (n + 1) * 512] as const;
    const set = () => new ReadSet(64 * 512, 512, [{ first: 8, end: 40, journal: 20 }]);

    it('tells what a boot loader read from what was read once the journal was recovered', () => {
      const reads = set();
      for (const n of [2, 9, 30]) reads.noteRead(...sector(n));
      for (const n of [20, 21, 9, 31]) reads.noteRead(...sector(n));
      reads.noteWrite(...sector(20));
      for (const n of [32, 50]) reads.noteRead(...sector(n));
      // What the boot loader read may be in the memory of who recovers, or be read again.
      expect(reads.blocksRead()).toEqual({ recovered: [2, 9, 20, 21, 30, 31, 32, 50], raw: [9, 30] });
    });

    it('takes everything as raw where nobody wrote the journal, as after a mount with noload', () => {
      const reads = set();
      for (const n of [2, 9, 20, 21, 30]) reads.noteRead(...sector(n));
      reads.noteWrite(...sector(33));
      expect(reads.blocksRead()).toEqual({ recovered: [2], raw: [9, 20, 21, 30] });
    });

    it('begins recovery with the last look at the journal before it is written', () => {
      const reads = set();
      reads.noteRead(10 * 512, 24 * 512);
      reads.noteRead(...sector(35));
      reads.noteRead(...sector(20));
      reads.noteRead(...sector(36));
      reads.noteWrite(19 * 512, 22 * 512);
      reads.noteRead(...sector(20));
      const raw = Array.from({ length: 14 }, (_, i) => 10 + i);
      expect(reads.blocksRead()).toEqual({ recovered: [...raw, 35, 36], raw: [...raw, 35] });
    });
  });

  it('holds sectors where these are its blocks', () => {
    const set = new ReadSet(3 * 512 + 100, 512);
    expect(set.blocks).toBe(4);
    set.noteRead(511, 512);
    set.noteWrite(512, 1024);
    set.noteWrite(1024, 1025);
    set.noteWrite(1536, 1636);
    set.noteRead(0, 1636);
    expect(set.blocksRead().recovered).toEqual([0, 2]);
  });

  it.each([[512], [4096]])(
    'agrees with an account of every half sector (blocks of %i bytes)',
    (blockBytes) => {
      const each = blockBytes / 256;
      const units = 48 * 8;
      const step = fc.record({
        write: fc.boolean(),
        at: fc.integer({ min: 0, max: units - 1 }),
        count: fc.integer({ min: 1, max: 48 }),
      });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          // In units of half a sector.
          const set = new ReadSet(units * 256, blockBytes);
          const owned = new Set<number>();
          const seen = new Set<number>();
          for (const { write, at, count } of steps) {
            const end = Math.min(at + count, units);
            if (write) set.noteWrite(at * 256, end * 256);
            else set.noteRead(at * 256, end * 256);
            const touched = new Map<number, number>();
            for (let i = at; i < end; i += 1)
              touched.set(Math.floor(i / each), (touched.get(Math.floor(i / each)) ?? 0) + 1);
            for (const [block, parts] of touched) {
              if (write && parts === each) owned.add(block);
              else if (!owned.has(block)) seen.add(block);
            }
          }
          expect(set.blocksRead().recovered).toEqual([...seen].sort((a, b) => a - b));
          for (let block = 0; block < set.blocks; block += 1) assert.equal(set.has(block), seen.has(block));
        }),
      );
    },
  );
});

describe('ReadSetDisk', () => {
  it('notes and passes on', async () => {
    const next = new MemoryDisk(8 * 4096);
    const set = new ReadSet(next.bytes);
    const disk = new ReadSetDisk(next, set);
    await disk.write(0, Buffer.alloc(4096, 1), true);
    await disk.zero(4096, 4096, false);
    await disk.trim(8192, 512, false);
    await disk.flush();
    expect(await disk.read(0, 4096)).toEqual(Buffer.alloc(4096, 1));
    await disk.read(5 * 4096, 512);
    expect(set.blocksRead().recovered).toEqual([2, 5]);
    expect(next.calls).toEqual([
      'write 0 4096 fua',
      'zero 4096 4096',
      'trim 8192 512',
      'flush',
      'read 0 4096',
      'read 20480 512',
    ]);
    expect([disk.bytes, disk.readOnly]).toEqual([next.bytes, false]);
  });
});
