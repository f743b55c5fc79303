import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena } from '../../../src/nbd/arena.ts';
import { DiskError } from '../../../src/nbd/disk.ts';
import { MappedDisk } from '../../../src/nbd/mapped-disk.ts';
import { OverlayDisk } from '../../../src/nbd/overlay-disk.ts';
import { type LogRecord, WriteLog } from '../../../src/writelog/log.ts';
import { emptyMap, mapToArena, zeroed } from '../../../src/writelog/sector-map.ts';
import { MemoryDisk } from './memory-disk.ts';
import { temporaryFolders } from './temporary.ts';

const folder = temporaryFolders();
const sectors = 24;

function randomBase(): MemoryDisk {
  const base = new MemoryDisk(sectors * 512);
  randomBytes(base.bytes).copy(base.data);
  return base;
}

async function recorded(base: MemoryDisk, arenaPath?: string) {
  const arena = await Arena.create(arenaPath ?? join(await folder(), 'arena'));
  const log = new WriteLog([{ id: 'vda', sectors, cache: 'writeback' }]);
  const failures: Error[] = [];
  const disk = new OverlayDisk(base, arena, { log, disk: 0 }, (error) => failures.push(error));
  return { arena, log, disk, failures, [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose]() };
}

const brief = ({ kind, sector, count, fua, arena, issued, completed }: LogRecord) =>
  `${kind}${fua ? '+fua' : ''} ${sector}+${count} @${arena} ${issued}-${completed ?? ''}`;

type Step = { kind: 'read' | 'write' | 'zero' | 'trim' | 'flush'; at: number; length: number; fill: number };

const anyStep: fc.Arbitrary<Step> = fc
  .record({
    kind: fc.constantFrom(
      'read' as const,
      'write' as const,
      'zero' as const,
      'trim' as const,
      'flush' as const,
    ),
    whole: fc.boolean(),
    at: fc.nat(sectors * 512 - 1),
    length: fc.integer({ min: 1, max: 2500 }),
    fill: fc.integer({ min: 1, max: 255 }),
  })
  .map(({ kind, whole, at, length, fill }) => {
    const start = whole ? at - (at % 512) : at;
    const wanted = whole ? Math.ceil(length / 512) * 512 : length;
    return { kind, at: start, length: Math.min(wanted, sectors * 512 - start), fill };
  });

/** Does one step on the disk and, at once, on the model; a read yields what it should have seen. */
function perform(disk: OverlayDisk, model: Buffer, { kind, at, length, fill }: Step): Promise<void> {
  if (kind === 'read') {
    const wanted = Buffer.from(model.subarray(at, at + length));
    return disk.read(at, length).then((data) => expect(data.equals(wanted)).toBe(true));
  }
  if (kind === 'flush') return disk.flush();
  model.fill(kind === 'write' ? fill : 0, at, at + length);
  return kind === 'write' ? disk.write(at, Buffer.alloc(length, fill), false) : disk[kind](at, length, false);
}

describe('OverlayDisk', () => {
  it('behaves like plain memory, one request after the other', async () => {
    const base = randomBase();
    await using arena = await Arena.create(join(await folder(), 'arena'));
    const property = fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), async (steps) => {
      const disk = new OverlayDisk(base, arena);
      const model = Buffer.from(base.data);
      for (const step of steps) await perform(disk, model, step);
      expect((await disk.read(0, disk.bytes)).equals(model)).toBe(true);
    });
    await fc.assert(property);
  });

  it('takes requests that overlap in time in the order of the calls', async () => {
    const base = randomBase();
    await using arena = await Arena.create(join(await folder(), 'arena'));
    const mutations = anyStep.filter(({ kind }) => kind !== 'read');
    const property = fc.asyncProperty(fc.array(mutations, { maxLength: 30 }), async (steps) => {
      const disk = new OverlayDisk(base, arena);
      const model = Buffer.from(base.data);
      await Promise.all(steps.map((step) => perform(disk, model, step)));
      expect((await disk.read(0, disk.bytes)).equals(model)).toBe(true);
    });
    await fc.assert(property);
  });

  it('leaves a log that rebuilds the disk', async () => {
    const base = randomBase();
    const path = join(await folder(), 'arena');
    const property = fc.asyncProperty(fc.array(anyStep, { maxLength: 20 }), async (steps) => {
      await using run = await recorded(base, path);
      const { arena, log, disk } = run;
      await Promise.all(
        steps.map((step) => perform(disk, Buffer.from(base.data), step).catch(() => undefined)),
      );
      const map = emptyMap(sectors);
      for (const { kind, sector, count, arena: at } of log.records) {
        if (kind === 'write') mapToArena(map, sector, count, at);
        else map.fill(zeroed, sector, sector + count);
      }
      expect(map).toEqual(disk.map);
      const rebuilt = new MappedDisk(base, map, arena);
      expect((await rebuilt.read(0, disk.bytes)).equals(await disk.read(0, disk.bytes))).toBe(true);
      expect(
        log.records.every(({ completed, issued }) => completed !== undefined && completed > issued),
      ).toBe(true);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it('never writes its base', async () => {
    const base = randomBase();
    const before = Buffer.from(base.data);
    await using run = await recorded(base);
    const { disk } = run;
    await disk.write(0, Buffer.alloc(1024, 1), false);
    await disk.write(100, Buffer.alloc(7, 2), false);
    await disk.trim(0, disk.bytes, false);
    expect(base.data).toEqual(before);
    expect(base.calls.filter((call) => !call.startsWith('read'))).toEqual([]);
  });

  it('logs each request with its place, its flags and both moments', async () => {
    await using run = await recorded(randomBase());
    const { log, disk } = run;
    await disk.write(1024, Buffer.alloc(1024, 1), false);
    await disk.zero(0, 4096, true);
    await disk.flush();
    await disk.trim(512, 512, false);
    await disk.write(0, Buffer.alloc(512, 1), true);
    expect(log.records.map(brief)).toEqual([
      'write 2+2 @0 0-1',
      'zero+fua 0+8 @-1 2-3',
      'flush 0+0 @-1 4-5',
      'trim 1+1 @-1 6-7',
      'write+fua 0+1 @2 8-9',
    ]);
  });

  it('logs on arrival and completes in order while a part of a sector waits for its base', async () => {
    const base = randomBase();
    const open = base.hold();
    await using run = await recorded(base);
    const { arena, log, disk } = run;
    const first = disk.write(10, Buffer.alloc(4, 0xaa), false);
    const second = disk.write(0, Buffer.alloc(512, 0xbb), false);
    const third = disk.flush();
    const seen = disk.read(0, 1);
    expect(log.records.map(brief)).toEqual(['write 0+1 @0 0-', 'write 0+1 @1 1-', 'flush 0+0 @-1 2-']);
    open();
    await Promise.all([first, second, third]);
    expect(log.records.map(brief)).toEqual(['write 0+1 @0 0-3', 'write 0+1 @1 1-4', 'flush 0+0 @-1 2-5']);
    expect(await seen).toEqual(Buffer.from([0xbb]));
    expect(arena.read(0, 1).subarray(10, 14)).toEqual(Buffer.alloc(4, 0xaa));
  });

  it('widens the ragged ends of a trim to written sectors', async () => {
    const base = randomBase();
    await using run = await recorded(base);
    const { log, disk } = run;
    await disk.trim(500, 600, false);
    expect(log.records.map(({ kind, sector, count }) => `${kind} ${sector}+${count}`)).toEqual([
      'write 0+1',
      'trim 1+1',
      'write 2+1',
    ]);
    const model = Buffer.from(base.data).fill(0, 500, 1100);
    expect((await disk.read(0, 2048)).equals(model.subarray(0, 2048))).toBe(true);
  });

  it('surfaces a full disk, logs nothing of the write and remembers it', async () => {
    await using run = await recorded(randomBase(), '/dev/full');
    const { log, disk } = run;
    await expect(disk.write(0, Buffer.alloc(512), false)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(run.failures).toMatchObject([{ code: 'ENOSPC' }]);
    expect(log.records).toEqual([]);
    expect(disk.map.every((from) => from === -1)).toBe(true);
  });

  it('goes on after a failed widening, whose record never completes', async () => {
    const base = randomBase();
    base.failure = new DiskError('EIO', 'bad sector');
    await using run = await recorded(base);
    const { log, disk } = run;
    const failed = disk.write(1, Buffer.alloc(1), false);
    const next = disk.write(0, Buffer.alloc(512, 3), false);
    await expect(failed).rejects.toThrow('bad sector');
    await next;
    expect(log.records.map(({ completed }) => completed)).toEqual([undefined, 2]);
    expect(await disk.read(0, 512)).toEqual(Buffer.alloc(512, 3));
    expect(run.failures.map(({ message }) => message)).toEqual(['bad sector']);
  });
});
