import { describe, expect, it } from 'vitest';
import { orderedDelivery, repositoryDelivery } from '../../../src/device/deliver-repository.ts';

const file = (path: string) => ({ path, sha256: '00', bytes: 65 });
const feed = { config: file('c'), 'refs/heads/stable': file('r'), 'objects/aa/b.filez': file('o') };
const delivery = repositoryDelivery('stable');

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
