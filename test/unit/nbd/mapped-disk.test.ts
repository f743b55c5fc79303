import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Arena } from '../../../src/nbd/arena.ts';
import { MappedDisk } from '../../../src/nbd/mapped-disk.ts';
import { sectorRuns } from '../../../src/nbd/mapped-read.ts';
import { emptyMap, fromBase, zeroed } from '../../../src/writelog/sector-map.ts';
import { MemoryDisk } from './memory-disk.ts';
import { temporaryFolders } from './temporary.ts';

const folder = temporaryFolders();

it('finds the longest runs', () => {
  const map = Int32Array.from([fromBase, fromBase, 5, 6, 8, zeroed, zeroed, 0]);
  expect(sectorRuns(map, 0, 8)).toEqual([
    { first: 0, end: 2, source: fromBase },
    { first: 2, end: 4, source: 5 },
    { first: 4, end: 5, source: 8 },
    { first: 5, end: 7, source: zeroed },
    { first: 7, end: 8, source: 0 },
  ]);
  expect(sectorRuns(map, 3, 4)).toEqual([{ first: 3, end: 4, source: 6 }]);
});

it('shows any map as it says, for any range of bytes', async () => {
  const sectors = 32;
  const base = new MemoryDisk(sectors * 512);
  randomBytes(base.bytes).copy(base.data);
  await using arena = await Arena.create(join(await folder(), 'arena'));
  const stored = randomBytes(16 * 512);
  arena.append(stored);
  const source = fc.oneof(fc.constant(fromBase), fc.constant(zeroed), fc.integer({ min: 0, max: 15 }));
  const map = fc.array(source, { minLength: sectors, maxLength: sectors });
  const range = fc
    .tuple(fc.nat(base.bytes - 1), fc.nat(base.bytes))
    .map(([at, n]) => [at, Math.min(n + 1, base.bytes - at)]);
  await fc.assert(
    fc.asyncProperty(map, range, async (positions, [at = 0, length = 0]) => {
      const whole = positions.map((from, i) => {
        if (from === zeroed) return Buffer.alloc(512);
        return from === fromBase
          ? base.data.subarray(i * 512, i * 512 + 512)
          : stored.subarray(from * 512, from * 512 + 512);
      });
      const disk = new MappedDisk(base, Int32Array.from(positions), arena);
      expect((await disk.read(at, length)).equals(Buffer.concat(whole).subarray(at, at + length))).toBe(true);
    }),
  );
});

it('is for reading only', async () => {
  const base = new MemoryDisk(1024);
  await using arena = await Arena.create(join(await folder(), 'arena'));
  const disk = new MappedDisk(base, emptyMap(2), arena);
  await expect(disk.write()).rejects.toMatchObject({ code: 'EPERM' });
  expect(disk.readOnly).toBe(true);
});
