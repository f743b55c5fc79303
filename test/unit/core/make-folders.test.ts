import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolders } from '../../../src/core/make-folders.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-folders-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('makeFolders', () => {
  it('makes what is missing, and says where it began', async () => {
    const path = join(folder, 'a', 'b', 'c');
    expect(await makeFolders(path)).toBe(join(folder, 'a'));
    expect((await stat(path)).isDirectory()).toBe(true);
    expect(await makeFolders(path)).toBeUndefined();
    expect(await makeFolders(join(folder, 'a', 'b', 'd'))).toBe(join(folder, 'a', 'b', 'd'));
    expect(await makeFolders('.')).toBeUndefined();
    expect(await makeFolders('/')).toBeUndefined();
  });

  it('takes a link to a folder for one', async () => {
    await mkdir(join(folder, 'real'));
    await symlink('real', join(folder, 'link'));
    expect(await makeFolders(join(folder, 'link'))).toBeUndefined();
    await makeFolders(join(folder, 'link', 'below'));
    expect((await stat(join(folder, 'real', 'below'))).isDirectory()).toBe(true);
  });

  it('makes each folder once, where several are at it', async () => {
    const paths = Array.from({ length: 20 }, (_, i) => join(folder, 'a', 'b', 'c', `${i % 4}`));
    const made = await Promise.all(paths.map(makeFolders));
    expect(made.filter((one) => one === join(folder, 'a')).length).toBe(1);
    for (const path of paths) expect((await stat(path)).isDirectory()).toBe(true);
  });

  it.each([
    ['a file', 'file', 'EEXIST'],
    ['what lies below a file', 'file/below', 'ENOTDIR'],
    ['a link that leads nowhere', 'nowhere', 'EEXIST'],
    ['what lies below such a link', 'nowhere/below/it', 'EEXIST'],
  ])('ends for %s', async (_, path, code) => {
    await writeFile(join(folder, 'file'), '');
    await symlink('is-not-there', join(folder, 'nowhere'));
    await expect(makeFolders(join(folder, path))).rejects.toMatchObject({ code });
  });

  it.each(['/proc/brownout', '/proc/self/brownout/below'])(
    'ends in a file system that has no place for folders: %s',
    async (path) => {
      await expect(makeFolders(path)).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );
});
