import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Arena } from '../../../src/nbd/arena.ts';
import { temporaryFolders } from './temporary.ts';

const folder = temporaryFolders();
const sectors = (count: number, fill: number) => Buffer.alloc(count * 512, fill);

it('hands out positions in the order of the calls, and the content back', async () => {
  await using arena = await Arena.create(join(await folder(), 'arena'));
  expect([arena.append(sectors(2, 1)), arena.append(sectors(1, 2)), arena.sectors]).toEqual([0, 2, 3]);
  const set = arena.reserve(2);
  expect([set, arena.append(sectors(1, 4))]).toEqual([3, 5]);
  arena.store(set, sectors(2, 3));
  expect(arena.read(1, 5)).toEqual(
    Buffer.concat([sectors(1, 1), sectors(1, 2), sectors(2, 3), sectors(1, 4)]),
  );
});

it('can be read again later, and not written then', async () => {
  const path = join(await folder(), 'arena');
  {
    await using arena = await Arena.create(path);
    arena.append(sectors(3, 7));
  }
  await using again = await Arena.open(path);
  expect(again.sectors).toBe(3);
  expect(again.read(2, 1)).toEqual(sectors(1, 7));
  expect(() => again.append(sectors(1, 1))).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(again.sectors).toBe(3);
});

it('starts empty where an older arena lay', async () => {
  const path = join(await folder(), 'arena');
  {
    await using old = await Arena.create(path);
    old.append(sectors(3, 7));
  }
  await using fresh = await Arena.create(path);
  expect(fresh.sectors).toBe(0);
  expect(() => fresh.read(0, 1)).toThrow('ends before');
});

it('surfaces a full disk with its code and keeps its length', async () => {
  await using arena = await Arena.create('/dev/full');
  expect(() => arena.append(sectors(1, 1))).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  expect(arena.sectors).toBe(0);
});

it('takes whole sectors only', async () => {
  await using arena = await Arena.create(join(await folder(), 'arena'));
  expect(() => arena.append(Buffer.alloc(100))).toThrow('whole sectors');
});

it('names the path when it cannot be opened', async () => {
  await expect(Arena.open('/nonexistent/arena')).rejects.toMatchObject({
    code: 'arena-unusable',
    message: expect.stringContaining('/nonexistent/arena') as string,
  });
});
