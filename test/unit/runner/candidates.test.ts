import { describe, expect, it } from 'vitest';
import { dpkg } from '../../../src/agents/dpkg.ts';
import { script } from '../../../src/agents/script.ts';
import type { ReleaseSpec } from '../../../src/model/image.ts';
import { agentForPackages, sequenceOf } from '../../../src/runner/candidates.ts';

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

describe('the agent for packages', () => {
  it('is the first of the list that takes them without being told more', () => {
    const chosen = (['ipk', 'deb', 'rpm'] as const).map((format) => agentForPackages(format).name);
    expect(chosen).toEqual(['opkg', 'apt', 'rpm']);
    expect(agentForPackages('deb', [dpkg, script]).name).toBe('dpkg');
    expect(() => agentForPackages('ipk', [dpkg, script])).toThrow(
      expect.objectContaining({ kind: 'harness', code: 'agent-unknown' }),
    );
  });
});
