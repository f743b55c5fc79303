import { describe, expect, it } from 'vitest';
import { startRelease } from '../../../src/device/start-release.ts';
import type { ReleaseSpec } from '../../../src/model/image.ts';

const release = (version: string, flashed: boolean): ReleaseSpec => ({
  version,
  content: { kind: 'unknown' },
  bundles: {},
  ...(flashed ? { factory: {} } : {}),
});
const image = {
  name: 'gateway',
  releases: {
    '1.0': release('1.0', false),
    '1.1': release('1.1', true),
    '1.2': release('1.2', false),
    '2.0': release('2.0', true),
  },
};

describe('startRelease', () => {
  it('is the release itself, or the newest before it that a device can be flashed with', () => {
    expect(startRelease(image, '2.0')).toBe('2.0');
    expect(startRelease(image, '1.2')).toBe('1.1');
  });

  it('is none where there is nothing to flash before', () => {
    expect(() => startRelease(image, '1.0')).toThrow(
      expect.objectContaining({ kind: 'scenario', code: 'no-factory-disk' }),
    );
  });
});
