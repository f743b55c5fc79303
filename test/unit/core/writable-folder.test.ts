import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { cacheRoot } from '../../../src/core/paths.ts';
import { temporaryFolder } from '../../../src/core/scratch-folder.ts';
import { makeWritable } from '../../../src/core/writable-folder.ts';
import { withCode } from '../../support/errors.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-writable-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('makes the folder that an option names, and leaves nothing in it', async () => {
  await makeWritable(join(folder, 'a', 'b'), '--ledger');
  expect(await readdir(join(folder, 'a', 'b'))).toEqual([]);
});

it.each(['file', 'file/below', '/proc/brownout'])('says at once that %s cannot be written', async (path) => {
  await writeFile(join(folder, 'file'), '');
  const place = path.startsWith('/') ? path : join(folder, path);
  await expect(makeWritable(place, '--ledger')).rejects.toMatchObject({
    code: 'folder-unwritable',
    message: expect.stringContaining(`--ledger: ${place} cannot be written: `) as string,
    hint: 'make room there, or name another folder with --ledger',
  });
});

it('says where files for the time being should have gone', async () => {
  vi.stubEnv('TMPDIR', join(folder, 'none'));
  await expect(temporaryFolder()).rejects.toThrow(withCode('temporary-unwritable', join(folder, 'none')));
});

it('names a folder for the time being by its whole path, also where TMPDIR does not', async () => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    vi.stubEnv('TMPDIR', '.');
    await using scratch = await temporaryFolder();
    expect(scratch.path.startsWith(join(process.cwd(), 'brownout-'))).toBe(true);
  } finally {
    process.chdir(before);
  }
});

it('knows the home of a user whose HOME is empty', () => {
  vi.stubEnv('HOME', '');
  expect(cacheRoot({})).toBe(join(userInfo().homedir, '.cache', 'brownout'));
});
