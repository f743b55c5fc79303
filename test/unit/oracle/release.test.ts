import { describe, expect, it } from 'vitest';
import type { ReleaseSpec } from '../../../src/model/image.ts';
import type { SlotsSeen } from '../../../src/oracle/observation.ts';
import { checkFallBack, checkRelease, runningRelease } from '../../../src/oracle/release.ts';

const release = (version: string, bytes = 100): ReleaseSpec => ({
  version,
  content: { kind: 'slot', sha256: `digest of ${version}`, bytes },
  bundles: {},
});
const releases = { '1.0': release('1.0'), '2.0': release('2.0', 120) };

/** What each slot holds, whichever length is looked at. */
const slots = (content: Record<string, string>) =>
  new Map(
    Object.entries(content).map(([slot, digest]) => [
      slot,
      new Map([
        [100, digest],
        [120, digest],
      ]),
    ]),
  );

const seen = (over: Partial<SlotsSeen> = {}): SlotsSeen => ({
  slot: 'B',
  root: '/dev/vda3',
  version: '2.0',
  slotDigests: slots({ A: 'digest of 1.0', B: 'digest of 2.0' }),
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
      slotDigests: slots({ A: 'digest of 1.0', B: 'half of 2.0' }),
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

describe('checkFallBack', () => {
  const onA = seen({ slot: 'A', root: '/dev/vda2', version: '1.0' });

  it('passes a device that holds the other release and has reset itself', () => {
    expect(checkFallBack(onA, release('2.0', 120), 1).verdict).toBe('passed');
  });

  it('fails one that never installed it, or never tried it', () => {
    const untouched = { ...onA, slotDigests: slots({ A: 'digest of 1.0', B: 'digest of 1.0' }) };
    expect(checkFallBack(untouched, release('2.0', 120), 1)).toMatchObject({ code: 'not-installed' });
    expect(checkFallBack(onA, release('2.0', 120), 0)).toMatchObject({ code: 'not-tried' });
  });
});
