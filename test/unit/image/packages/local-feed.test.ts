import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newestOf, packagesOf } from '../../../../src/image/packages/feed-release.ts';
import { offerBoth } from '../../../../src/image/packages/local-feed.ts';
import { smallPackageFile } from '../../package/small-package.ts';

let top = '';
beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'brownout-local-'));
});
afterAll(() => rm(top, { recursive: true }));

/** A feed with these packages, `NAME_VERSION`, in a folder `all`, or without one where it is flat. */
async function feed(name: string, packages: readonly string[], at = 'all'): Promise<string> {
  for (const one of packages) {
    const [packageName = '', version = ''] = one.split('_');
    const path = join(top, name, at, `${one}.ipk`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await smallPackageFile(packageName, version));
  }
  return join(top, name);
}

const filesBelow = async (folder: string) =>
  (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.ipk')).sort();

it('offers what a product has built in a feed of its own, and the newest is what a device gets', async () => {
  const upstream = await feed('r1', ['a_1.0-r1', 'b_1.0-r1']);
  const derived = await feed('r1-local', ['a_1.0-r1.1', 'b_1.0-r1']);
  const next = await feed('r2', ['a_1.0-r2', 'b_1.0-r1']);
  const now = join(top, 'both');
  await offerBoth(upstream, { upstream, derived }, now, 'ipk');
  expect(await filesBelow(now)).toEqual(['all/a_1.0-r1.ipk', 'all/b_1.0-r1.ipk', 'local-all/a_1.0-r1.1.ipk']);
  const versions = async (folder: string) =>
    newestOf(await packagesOf(folder, 'ipk'), 'ipk').map(({ about }) => `${about.name} ${about.version}`);
  expect(await versions(now)).toEqual(['b 1.0-r1', 'a 1.0-r1.1']);
  const later = join(top, 'later');
  await offerBoth(next, { upstream, derived }, later, 'ipk');
  expect(await filesBelow(later)).toEqual([
    'all/a_1.0-r2.ipk',
    'all/b_1.0-r1.ipk',
    'local-all/a_1.0-r1.1.ipk',
  ]);
  expect(await versions(later)).toEqual(['a 1.0-r2', 'b 1.0-r1']);
});

it('gives a flat feed and the one beside it folders of their own', async () => {
  const upstream = await feed('flat', ['a_1.0-r1'], '.');
  const derived = await feed('flat-local', ['a_1.0-r1.1'], '.');
  const now = join(top, 'both-flat');
  await offerBoth(upstream, { upstream, derived }, now, 'ipk');
  expect(await filesBelow(now)).toEqual(['local/a_1.0-r1.1.ipk', 'upstream/a_1.0-r1.ipk']);
});
