import { expect, it } from 'vitest';
import { feedDelivery } from '../../../src/device/deliver-feed.ts';

const file = { path: 'feeds/2.0/x', sha256: 'ab', bytes: 1 };
const feed = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, file]));

it.each([
  ['debs in one folder', ['Packages', 'Packages.gz', 'a.deb'], ['.']],
  ['ipks by architecture', ['all/Packages.gz', 'all/a.ipk', 'cortexa57/Packages.gz'], ['all', 'cortexa57']],
  ['rpms in one folder', ['a.rpm', 'repodata/ab-primary.xml.gz', 'repodata/repomd.xml'], ['.']],
  [
    'rpms by architecture',
    ['noarch/repodata/repomd.xml', 'core2_64/repodata/repomd.xml'],
    ['noarch', 'core2_64'],
  ],
])('a feed of %s has the folders with an index', (_, paths, folders) => {
  const offer = { version: '2.0', bundles: {}, feed: feed(...paths) };
  expect(feedDelivery('ipk').source(offer, [])).toEqual({ path: '/2.0/feed', folders, packages: [] });
});

it('lacks packages in the format of the agent, where there are others', () => {
  const debs = { version: '2.0', bundles: {}, feed: feed('Packages.gz', 'a.deb') };
  expect(feedDelivery('deb').lack(debs, 'apt')).toBeUndefined();
  expect(feedDelivery('ipk').lack(debs, 'opkg')).toEqual({
    code: 'unknown-feed',
    message: 'has a feed of deb packages, and opkg upgrades from ipk',
  });
});
