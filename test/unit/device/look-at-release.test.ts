import { describe, expect, it } from 'vitest';
import { onEveryDevice } from '../../../src/device/identity-by-packages.ts';
import type { ReleaseSpec } from '../../../src/model/image.ts';

const release = (version: string, installed?: string[]): ReleaseSpec => ({
  version,
  content: { kind: 'unknown' },
  bundles: {},
  ...(installed === undefined ? {} : { installed }),
});

describe('the packages that every device has', () => {
  it('are those of all factory disks', () => {
    const releases = {
      '1.0': release('1.0', ['busybox', 'curl', 'nano']),
      '1.1': release('1.1'),
      '2.0': release('2.0', ['avahi', 'busybox', 'curl']),
    };
    expect(onEveryDevice({ releases })).toEqual(['busybox', 'curl']);
  });

  it('are none of an image that is not upgraded by packages', () => {
    expect(onEveryDevice({ releases: { '1.0': release('1.0') } })).toEqual([]);
  });
});
