import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { writeIndexes } from '../../../src/feed/index-feed.ts';
import { packagesOfRelease } from '../../../src/image/prebuilt-packages.ts';
import type { PackageContents } from '../../../src/model/image.ts';
import { writePackage } from '../../../src/package/control/write-package.ts';
import { withCode } from '../../support/errors.ts';
import { smallPackage } from '../package/small-package.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'brownout-prebuilt-packages-'));
});
afterEach(() => rm(root, { recursive: true }));

const installed = (name: string, version: string): PackageContents => ({
  ...{ name, version, architecture: 'all', path: '' },
  ...{ files: [], conffiles: [], paths: [] },
});

type Given = Parameters<typeof packagesOfRelease>[2];
const of = (given: Given, before?: Awaited<ReturnType<typeof packagesOfRelease>>) =>
  packagesOfRelease(root, 'image x, release 2', given, before, { cache: join(root, 'cache') });

async function golden() {
  await writeFile(
    join(root, 'packages.json'),
    JSON.stringify([installed('nano', '1'), installed('cron', '1')]),
  );
  return of({ packages: 'packages.json' });
}

async function feed(index = true): Promise<string> {
  await mkdir(join(root, 'updates'));
  for (const version of ['2', '3'])
    await writeFile(
      join(root, 'updates', `nano_${version}.deb`),
      await writePackage(smallPackage('nano', version)),
    );
  if (index) await writeIndexes(join(root, 'updates'), await findFeeds(join(root, 'updates'), 'deb'), 'deb');
  return 'updates';
}

it('a release with a feed is the one before, with the newest of the feed in place of what it had', async () => {
  const upgraded = await of({ feed: await feed() }, await golden());
  const shown = upgraded?.packages.map(({ name, version }) => `${name} ${version}`);
  expect(shown).toEqual(['cron 1', 'nano 3']);
  expect(Object.keys(upgraded?.feed ?? {})).toEqual(expect.arrayContaining(['Packages', 'nano_3.deb']));
  expect(JSON.parse(await readFile(upgraded?.list.path ?? '', 'utf8'))).toEqual(upgraded?.packages);
});

it('a package that the feed has in the same version stays as it was found', async () => {
  const before = await golden();
  const folder = await feed(false);
  await writeFile(join(root, folder, 'cron_1.deb'), await writePackage(smallPackage('cron', '1')));
  await writeIndexes(join(root, folder), await findFeeds(join(root, folder), 'deb'), 'deb');
  const upgraded = await of({ feed: folder }, before);
  expect(upgraded?.packages.map(({ name, version }) => `${name} ${version}`)).toEqual(['cron 1', 'nano 3']);
  expect(upgraded?.packages[0]).toEqual(before?.packages.find(({ name }) => name === 'cron'));
});

it('a release that says nothing of packages has none', async () => {
  expect(await of({})).toBeUndefined();
});

it.each<[string, () => Promise<unknown>, string, string]>([
  [
    'a feed that follows on nothing',
    async () => of({ feed: await feed() }),
    'image-invalid',
    'no release before it',
  ],
  [
    'a feed without an index',
    async () => of({ feed: await feed(false) }, await golden()),
    'image-invalid',
    'no index of them',
  ],
  [
    'a feed that is not there',
    async () => of({ feed: 'nowhere' }, await golden()),
    'image-unreadable',
    'cannot be read',
  ],
  ['both', async () => of({ feed: 'updates', packages: 'packages.json' }), 'image-invalid', 'not both'],
  [
    'a list that is not there',
    async () => of({ packages: 'nowhere.json' }),
    'image-unreadable',
    'cannot be read',
  ],
])('%s is refused', async (_, work, code, says) => {
  await expect(work()).rejects.toThrow(withCode(code, says));
});

it('a folder without packages, and a list of something else, are refused', async () => {
  await mkdir(join(root, 'empty'));
  await expect(of({ feed: 'empty' }, await golden())).rejects.toThrow(
    withCode('image-invalid', 'has no packages'),
  );
  await writeFile(join(root, 'odd.json'), '[{"name": 1}]');
  await expect(of({ packages: 'odd.json' })).rejects.toThrow(
    withCode('image-invalid', 'is no list of packages'),
  );
  await writeFile(join(root, 'broken.json'), '[');
  await expect(of({ packages: 'broken.json' })).rejects.toThrow(
    withCode('image-invalid', 'is no list of packages'),
  );
});
