import { describe, expect, it } from 'vitest';
import { repositoryDelivery } from '../../../src/device/deliver-repository.ts';

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
