import { describe, expect, it } from 'vitest';
import { broughtBy, orderedDelivery, repositoryDelivery } from '../../../src/device/deliver-repository.ts';

const file = (path: string) => ({ path, sha256: '00', bytes: 65 });
const feed = { config: file('c'), 'refs/heads/stable': file('r'), 'objects/aa/b.filez': file('o') };
const delivery = repositoryDelivery({ branch: 'stable' });

describe('a release in an OSTree repository', () => {
  it('is served with all files of the repository', () => {
    const offer = { version: '2.0', bundles: {}, feed };
    expect(delivery.lack(offer, 'ostree')).toBeUndefined();
    expect(delivery.files(offer)).toEqual(Object.values(feed));
    expect(delivery.source(offer, [])).toEqual({ path: '/2.0/feed', folders: [], packages: [] });
    expect(delivery.faultable(offer)).toEqual([
      {
        path: '2.0/feed/refs/heads/stable',
        what: 'the branch stable of 2.0',
        inFull: 'the branch stable of 2.0',
        bytes: 65,
      },
    ]);
  });

  it('is missing where there is no such branch', () => {
    const offer = { version: '2.0', bundles: {}, feed: { config: file('c') } };
    expect(delivery.lack(offer, 'ostree')).toEqual({
      code: 'unknown-feed',
      message: 'has no OSTree repository with the branch stable, from which ostree pulls',
    });
    expect(delivery.faultable(offer)).toEqual([]);
  });
});

describe('a release that is pulled as a static delta', () => {
  const byDeltas = repositoryDelivery({ branch: 'stable', deltas: true });
  const part = (name: string, bytes: number) => ({ [`deltas/${name}`]: { ...file(name), bytes } });
  const offer = {
    version: '2.0',
    bundles: {},
    feed: { ...feed, ...part('a/b-c/0', 10), ...part('a/b-c/superblock', 99), ...part('d/e-c/0', 20) },
  };

  it('is where a fault of the server is, in each delta to it', () => {
    expect(byDeltas.faultable(offer).map(({ path, what }) => [path, what])).toEqual([
      ['2.0/feed/deltas/d/e-c/0', 'a static delta to 2.0'],
      ['2.0/feed/deltas/a/b-c/0', 'a static delta to 2.0'],
    ]);
    expect(byDeltas.lack(offer, 'ostree')).toBeUndefined();
  });

  it('is missing where the repository has none', () => {
    expect(byDeltas.lack({ ...offer, feed }, 'ostree')).toEqual({
      code: 'unknown-feed',
      message: 'has no OSTree repository with static deltas of stable, from which ostree pulls',
    });
  });
});

describe('what a release brings into a repository', () => {
  const content = (name: string) => `objects/aa/${name}.filez`;
  const release = (version: string, names: string[]) => ({
    version,
    feed: {
      'objects/aa/b.commit': file('c'),
      ...Object.fromEntries(names.map((name) => [content(name), { ...file(name), bytes: name.length }])),
    },
  });
  const all = [
    release('1.0', ['kernel']),
    release('1.1', ['kernel', 'payload']),
    release('2.0', ['kernel', 'payload', 'a', 'long']),
    release('2.0-other', ['kernel', 'payload', 'z']),
  ];

  it.each([
    ['1.0', ['kernel']],
    ['1.1', ['payload']],
    ['2.0', ['a', 'long']],
    ['2.0-other', ['z']],
  ])('is in none before %s', (version, names) => {
    const [one] = all.filter((release) => release.version === version);
    expect(one === undefined ? [] : broughtBy(one, all)).toEqual(names.map(content));
  });

  it('is where a fault of the server is, in the largest of it', () => {
    const [, , offer] = all;
    const brought = [content('a'), content('long')];
    expect(delivery.faultable({ version: '2.0', bundles: {}, feed: offer?.feed ?? {}, brought })).toEqual([
      {
        path: `2.0/feed/${content('long')}`,
        what: 'the largest content of 2.0',
        inFull: 'the largest content of 2.0',
        bytes: 4,
      },
    ]);
  });
});

describe('a release that is ordered by its commit', () => {
  const module = { part: 'bApp', name: 'gateway', metadata: { rev: 'aab' }, path: 'objects/aa/b.commit' };
  const offer = { version: '2.0', bundles: {}, feed: { ...feed, [module.path]: file('m') }, module };

  it('is served with all files of the repository, of which the commit is read each time', () => {
    expect(orderedDelivery.lack(offer, 'fullmetalupdate')).toBeUndefined();
    expect(orderedDelivery.files(offer)).toHaveLength(4);
    expect(orderedDelivery.source(offer, [])).toEqual({ path: '/2.0/feed', folders: [], packages: [] });
    expect(orderedDelivery.faultable(offer)).toEqual([
      {
        path: '2.0/feed/objects/aa/b.commit',
        what: 'the commit of gateway in 2.0',
        inFull: 'the commit of gateway in 2.0',
        bytes: 65,
      },
    ]);
  });

  it('is missing where the image says no such commit', () => {
    const without = { version: '2.0', bundles: {}, feed };
    expect(orderedDelivery.lack(without, 'fullmetalupdate')).toEqual({
      code: 'unknown-feed',
      message: 'has no commit that a server could order fullmetalupdate to install',
    });
    expect(orderedDelivery.faultable(without)).toEqual([]);
  });
});
