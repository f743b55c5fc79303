import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Arena } from '../../../src/nbd/arena.ts';
import { FileDisk } from '../../../src/nbd/file-disk.ts';
import { MappedDisk } from '../../../src/nbd/mapped-disk.ts';
import { MirrorDisk } from '../../../src/nbd/mirror-disk.ts';
import { OverlayDisk } from '../../../src/nbd/overlay-disk.ts';
import { WriteBackCache } from '../../../src/nbd/write-back-cache.ts';
import { stateMaps } from '../../../src/writelog/crash-state.ts';
import { WriteLog } from '../../../src/writelog/log.ts';

const sectors = 16;
let folder: string;
let base: FileDisk;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-cache-'));
  await writeFile(join(folder, 'base'), Buffer.alloc(sectors * 512, 0xee));
  base = await FileDisk.open(join(folder, 'base'));
});
afterAll(async () => {
  await base[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const place = fc
  .tuple(fc.nat(sectors - 1), fc.integer({ min: 1, max: 4 }))
  .map(([first, count]) => ({ first, count: Math.min(count, sectors - first) }));
const request = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      at: place,
      byte: fc.nat(200),
      fua: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('zero' as const),
      at: place,
      byte: fc.constant(0),
      fua: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('flush' as const),
      at: place,
      byte: fc.constant(0),
      fua: fc.constant(false),
    }),
  },
);
/** Requests in batches: those of one batch are issued before any of them is answered. */
const batches = fc.array(fc.array(request, { minLength: 1, maxLength: 4 }), { maxLength: 12 });

/** A forced write takes a part of a write away that a flush is just carrying out. */
const flushBesideFua: typeof batches extends fc.Arbitrary<infer Batches> ? Batches : never = [
  [
    { do: 'write', at: { first: 0, count: 2 }, byte: 0, fua: false },
    { do: 'write', at: { first: 0, count: 1 }, byte: 1, fua: false },
  ],
  [
    { do: 'flush', at: { first: 0, count: 1 }, byte: 0, fua: false },
    { do: 'write', at: { first: 1, count: 1 }, byte: 0, fua: true },
  ],
];

describe('WriteBackCache', () => {
  it('loses at a cut exactly what the write log calls not durable, and shows the guest everything before', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (all) => {
        await using arena = await Arena.create(join(folder, 'arena'));
        await using stableArena = await Arena.create(join(folder, 'stable'));
        const log = new WriteLog([{ id: 'main', sectors, cache: 'writeback' }]);
        const stable = new OverlayDisk(base, stableArena);
        const cache = new WriteBackCache(stable);
        const recording = new OverlayDisk(base, arena, { log, disk: 0 });
        const disk = new MirrorDisk(recording, cache);
        for (const batch of all)
          await Promise.all(
            batch.map(({ do: what, at, byte, fua }) => {
              if (what === 'flush') return disk.flush();
              const [offset, length] = [at.first * 512, at.count * 512];
              return what === 'zero'
                ? disk.zero(offset, length, fua)
                : disk.write(offset, Buffer.alloc(length, byte), fua);
            }),
          );
        const seen = await cache.read(0, sectors * 512);
        expect(seen.equals(await recording.read(0, sectors * 512))).toBe(true);
        await cache.losePower();
        const [map] = stateMaps(log, { at: log.now, shape: { kind: 'lost', keep: 'none' } });
        const fromLog = new MappedDisk(base, map!, arena);
        const left = await stable.read(0, sectors * 512);
        expect(left.equals(await fromLog.read(0, sectors * 512))).toBe(true);
      }),
      { numRuns: 60, examples: [[flushBesideFua]] },
    );
  });
});
