import { describe, expect, it } from 'vitest';
import type { ReleaseSpec } from '../../../src/model/image.ts';
import type { Observation } from '../../../src/oracle/observation.ts';
import { checkRelease, runningRelease } from '../../../src/oracle/release.ts';

const release = (version: string, bytes = 100): ReleaseSpec => ({
  version,
  slotContent: { sha256: `digest of ${version}`, bytes },
  bundles: {},
});
const releases = { '1.0': release('1.0'), '2.0': release('2.0', 120) };

const seen = (over: Partial<Observation> = {}): Observation => ({
  slot: 'B',
  root: '/dev/vda3',
  version: '2.0',
  slotDigests: new Map([
    [100, 'something'],
    [120, 'digest of 2.0'],
  ]),
  configuration: [],
  ...over,
});

describe('checkRelease', () => {
  it('passes a slot that holds exactly an allowed release', () => {
    expect(runningRelease(seen(), releases)).toEqual({ release: '2.0', slot: 'B' });
    expect(checkRelease(seen(), releases, ['1.0', '2.0']).verdict).toBe('passed');
  });

  it('is not taken in by a version string: a slot written in part fails', () => {
    const torn = seen({
      slotDigests: new Map([
        [100, 'x'],
        [120, 'half of 2.0'],
      ]),
    });
    expect(checkRelease(torn, releases, ['1.0', '2.0'])).toMatchObject({
      verdict: 'failed',
      code: 'release-mixed',
    });
  });

  it('fails a system that calls itself something else than its slot holds', () => {
    expect(checkRelease(seen({ version: '1.0' }), releases, ['1.0', '2.0'])).toMatchObject({
      code: 'release-misnamed',
    });
  });

  it('fails a whole release that is not allowed', () => {
    expect(checkRelease(seen(), releases, ['1.0'])).toMatchObject({ code: 'release-unexpected' });
  });

  it('fails a root that is no slot', () => {
    const lost = seen({ slot: undefined, root: '/dev/ram0', slotDigests: new Map() });
    expect(checkRelease(lost, releases, ['1.0'])).toMatchObject({ code: 'unknown-slot' });
  });
});
