import { describe, expect, it } from 'vitest';
import type { ReleaseSpec } from '../../../src/model/image.ts';
import { sequenceOf } from '../../../src/runner/candidates.ts';

const release = (version: string, more: Partial<ReleaseSpec> = {}): ReleaseSpec => ({
  version,
  content: { kind: 'unknown' },
  bundles: {},
  ...more,
});

describe('the releases of a product', () => {
  it('are those that follow each other, in their order', () => {
    const releases = {
      '4.0.1': release('4.0.1'),
      '4.0.2': release('4.0.2'),
      '4.0.5-broken': release('4.0.5-broken', { apart: true }),
    };
    expect(sequenceOf({ releases })).toEqual(['4.0.1', '4.0.2']);
  });
});
