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
  expect(feedDelivery.source(offer, [])).toEqual({ path: '/2.0/feed', folders, packages: [] });
});
