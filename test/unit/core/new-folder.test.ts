import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { assertFree, makeNewFolder } from '../../../src/core/new-folder.ts';
import { processTag } from '../../../src/core/process-tag.ts';
import { withCode } from '../../support/errors.ts';

it('takes away what a killed process has left of the same folder, and nothing else of somebody’s', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'new-folder-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const [place = ''] = processTag().split('-');
  const dead = `${place}-${2 ** 22 + 1}-00000000.tmp`;
  const kept = [`other.${dead}`, `gateway.${processTag()}-00000000.tmp`, 'gateway.notes.tmp', 'gateways'];
  for (const name of [`gateway.${dead}`, ...kept]) await mkdir(join(parent, name));
  await makeNewFolder(join(parent, 'gateway'), (folder) => writeFile(join(folder, 'image.yaml'), 'x'));
  expect((await readdir(parent)).sort()).toEqual(['gateway', ...kept].sort());
});

it('leaves no folders behind where it fails, but those in which somebody else has put something', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'new-folder-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const fail = (path: string, meanwhile = () => Promise.resolve()) =>
    makeNewFolder(path, async () => {
      await meanwhile();
      throw new Error('no');
    });
  await expect(fail(join(parent, 'a', 'b', 'c'))).rejects.toThrow('no');
  expect(await readdir(parent)).toEqual([]);
  const theirs = join(parent, 'd', 'theirs');
  await expect(fail(join(parent, 'd', 'e', 'f'), () => writeFile(theirs, ''))).rejects.toThrow('no');
  expect(await readdir(join(parent, 'd'))).toEqual(['theirs']);
});

it('is written over by nobody: of two at once, the later one is told what the first has left', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'new-folder-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const path = join(parent, 'gateway');
  const late = makeNewFolder(path, async (folder) => {
    await writeFile(join(folder, 'late'), '');
    await makeNewFolder(path, (first) => writeFile(join(first, 'early'), ''));
  });
  await expect(late).rejects.toThrow(withCode('folder-occupied', `${path} is not empty; it has early`));
  expect(await readdir(parent)).toEqual(['gateway']);
  expect(await readdir(path)).toEqual(['early']);
});

it.each([
  ['file', 'a file has its name'],
  ['file/below', 'it is to lie in a file'],
  ['nowhere', 'a link that leads nowhere has its name'],
])('is told what is in the way of %s', async (path, why) => {
  const parent = await mkdtemp(join(tmpdir(), 'new-folder-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  await writeFile(join(parent, 'file'), '');
  await symlink('none', join(parent, 'nowhere'));
  const folder = join(parent, path);
  await expect(assertFree(folder)).rejects.toMatchObject({
    code: 'folder-occupied',
    message: `${folder} cannot be made: ${why}`,
    hint: 'name a folder that does not exist yet with --to',
  });
  await expect(assertFree(join(parent, 'none'))).resolves.toBeUndefined();
});
