import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldRead, HoldDisk, type Holder } from '../../../src/nbd/hold-disk.ts';
import { Contents, makeChanges, type Prologue, PrologueRecorder } from '../../../src/nbd/prologue.ts';
import { MemoryDisk } from './memory-disk.ts';

const sector = 512;

/** A disk of `sectors` sectors under a HoldDisk that holds reads for which `holds` says so. */
function held(sectors: number, holds: Holder['holds'] = () => false) {
  const memory = new MemoryDisk(sectors * sector);
  const recorder = new PrologueRecorder([['main', memory]]);
  return { memory, recorder, disk: new HoldDisk(memory, { disk: 'main', recorder, holds }) };
}

function prologueOf(recorder: PrologueRecorder): Prologue {
  const { prologue } = recorder;
  if (prologue === undefined) throw new Error('the recorder is spoiled');
  return prologue;
}

const show = (disk: MemoryDisk, prologue: Prologue) => new Contents(new Map([['main', disk]])).show(prologue);

describe('HoldDisk', () => {
  it('holds a read before it reaches the disk, and passes it on when it is made again', async () => {
    let armed = true;
    const { memory, disk } = held(8, (offset) => armed && offset === 2 * sector);
    await disk.read(0, sector);
    await expect(disk.read(2 * sector, sector)).rejects.toBeInstanceOf(HeldRead);
    await expect(disk.read(2 * sector, sector)).rejects.toMatchObject({ code: 'EIO' });
    armed = false;
    await disk.read(2 * sector, sector);
    expect(memory.calls).toEqual(['read 0 512', 'read 1024 512']);
  });

  it('drops a write of what is there while told to, and none that changes a byte', async () => {
    const { memory, disk, recorder } = held(8);
    memory.data.fill(0xff);
    disk.dropsRewrites = true;
    await disk.write(0, Buffer.alloc(8 * sector, 0xff), false);
    await disk.write(0, Buffer.alloc(sector, 1), false);
    disk.dropsRewrites = false;
    await disk.write(0, Buffer.alloc(sector, 1), true);
    expect(memory.calls.filter((call) => call.startsWith('write'))).toEqual([
      'write 0 512',
      'write 0 512 fua',
    ]);
    expect(prologueOf(recorder).changes).toHaveLength(2);
  });

  it('passes everything else on and tells the size', async () => {
    const { memory, disk } = held(8);
    await disk.zero(0, sector, false);
    await disk.trim(sector, sector, true);
    await disk.flush();
    expect(memory.calls).toEqual(['zero 0 512', 'trim 512 512', 'flush']);
    expect([disk.bytes, disk.readOnly]).toEqual([8 * sector, false]);
  });
});

describe('a prologue', () => {
  it('has each sector once, in the order of the first look, and none that was written first', async () => {
    const { disk, recorder } = held(16);
    await disk.read(4 * sector, 2 * sector);
    await disk.write(6 * sector, Buffer.alloc(sector, 1), false);
    await disk.read(2 * sector, 8 * sector);
    await disk.read(0, 16 * sector);
    const runs = prologueOf(recorder).reads.map(({ offset, length }) => [offset / sector, length / sector]);
    expect(runs).toEqual([
      [4, 2],
      [2, 2],
      [7, 3],
      [0, 2],
      [10, 6],
    ]);
  });

  it('keeps what was written, although the disk uses the memory again', async () => {
    const { disk, recorder } = held(8);
    const data = Buffer.alloc(sector, 7);
    await disk.write(0, data, true);
    data.fill(9);
    await disk.zero(sector, sector, false);
    expect(prologueOf(recorder).changes).toEqual([
      { kind: 'write', disk: 'main', offset: 0, data: Buffer.alloc(sector, 7), fua: true },
      { kind: 'zero', disk: 'main', offset: sector, length: sector, fua: false },
    ]);
  });

  it.each<[string, (disk: HoldDisk, memory: MemoryDisk) => Promise<unknown>]>([
    ['a part of a sector is written', (disk) => disk.write(1, Buffer.alloc(sector), false)],
    ['a part of a sector is read', (disk) => disk.read(0, 100)],
    ['more is written than can be carried over', (disk) => disk.write(0, Buffer.alloc(17 << 20), false)],
    [
      'a request fails',
      (disk, memory) => {
        memory.failure = new Error('the host has no space');
        return disk.read(0, sector).catch(() => undefined);
      },
    ],
  ])('is not to be had once %s', async (_, request) => {
    const { disk, memory, recorder } = held(40_000);
    await request(disk, memory);
    expect(recorder.spoiled).toBe(true);
    expect(recorder.prologue).toBeUndefined();
    memory.failure = undefined;
    await disk.read(0, sector);
  });

  it('goes on where an earlier one ended', async () => {
    const first = held(8);
    await first.disk.read(0, sector);
    await first.disk.write(sector, Buffer.alloc(sector, 1), false);
    const again = new PrologueRecorder([['main', first.memory]], prologueOf(first.recorder));
    await again.read('main', first.memory, 0, 3 * sector);
    expect(prologueOf(again).reads.map(({ offset }) => offset / sector)).toEqual([0, 2]);
    expect(prologueOf(again).changes).toHaveLength(1);
    expect(prologueOf(first.recorder).reads).toHaveLength(1);
  });

  it('asks a disk no further than to the first difference, and each disk once', async () => {
    const { disk, memory, recorder } = held(8);
    for (const at of [5, 1, 3]) await disk.read(at * sector, sector);
    const other = new MemoryDisk(8 * sector);
    other.data[sector] = 1;
    const contents = new Contents(new Map([['main', other]]));
    expect(await contents.show(prologueOf(recorder))).toBe(false);
    expect(await contents.show(prologueOf(recorder))).toBe(false);
    expect(other.calls).toEqual(['read 2560 512', 'read 512 512']);
    expect(await show(memory, prologueOf(recorder))).toBe(true);
  });

  it('fits no disk that is too small or missing', async () => {
    const { disk, recorder } = held(8);
    await disk.read(7 * sector, sector);
    expect(await show(new MemoryDisk(4 * sector), prologueOf(recorder))).toBe(false);
    expect(await new Contents(new Map()).show(prologueOf(recorder))).toBe(false);
  });

  it('fits exactly the disks on which the same requests would see the same, and brings them to the same content', async () => {
    const sectors = 12;
    const request = fc.record({
      kind: fc.constantFrom('read', 'read', 'write', 'zero', 'trim'),
      at: fc.integer({ min: 0, max: sectors - 1 }),
      count: fc.integer({ min: 1, max: 5 }),
      byte: fc.integer({ min: 0, max: 3 }),
    });
    const content = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: sectors, maxLength: sectors });
    const load = (disk: MemoryDisk, bytes: readonly number[]) => {
      for (const [i, byte] of bytes.entries()) disk.data.fill(byte, i * sector, (i + 1) * sector);
    };
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 12 }), content, content, async (requests, one, two) => {
        const { disk, memory, recorder } = held(sectors);
        const other = new MemoryDisk(sectors * sector);
        load(memory, one);
        load(other, two);
        const run = async (on: HoldDisk | MemoryDisk) => {
          const seen: string[] = [];
          for (const { kind, at, count, byte } of requests) {
            const length = Math.min(count, sectors - at) * sector;
            if (kind === 'read') seen.push((await on.read(at * sector, length)).toString('hex'));
            else if (kind === 'write') await on.write(at * sector, Buffer.alloc(length, byte), false);
            else if (kind === 'zero') await on.zero(at * sector, length, false);
            else await on.trim(at * sector, length, false);
          }
          return seen;
        };
        const seen = await run(disk);
        const fits = await show(other, prologueOf(recorder));
        const replayed = new MemoryDisk(sectors * sector);
        other.data.copy(replayed.data);
        await makeChanges(prologueOf(recorder), new Map([['main', replayed]]));
        expect(fits).toBe(seen.join() === (await run(other)).join());
        expect(replayed.data.equals(other.data)).toBe(true);
      }),
    );
  });
});
