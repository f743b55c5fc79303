import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { openCache } from '../../../src/core/cache-folder.ts';
import { cacheRoot } from '../../../src/core/paths.ts';

it('a cache is a folder, or not there yet', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-cache-'));
  const at = (path: string) => openCache({ BROWNOUT_CACHE: join(folder, path) });
  try {
    await writeFile(join(folder, 'file'), '');
    expect(await at('.')).toBe(folder);
    expect(await at('none/below')).toBe(join(folder, 'none/below'));
    for (const path of ['file', 'file/below'])
      await expect(at(path)).rejects.toMatchObject({
        code: 'cache-unreadable',
        message: `the cache ${join(folder, path)} cannot be read: it is no folder`,
        hint: 'name a folder with BROWNOUT_CACHE',
      });
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('one that is named from here is the same wherever its path is used', () => {
  expect(cacheRoot({ BROWNOUT_CACHE: 'kept' })).toBe(resolve('kept'));
  expect(cacheRoot({ XDG_CACHE_HOME: 'kept' })).toBe(resolve('kept/brownout'));
});
