import type { ReleaseSpec } from '../model/image.ts';
import { type CheckResult, failed, passed } from './check.ts';
import type { Observation } from './observation.ts';

/** Which whole release a device runs, in which slot; `release` is undefined where the slot holds none. */
export interface RunningRelease {
  release: string | undefined;
  slot: string | undefined;
}

/** Finds the release whose bytes are exactly those of the running slot. */
export function runningRelease(
  seen: Observation,
  releases: Readonly<Record<string, ReleaseSpec>>,
): RunningRelease {
  const match = Object.values(releases).find(
    ({ slotContent }) => seen.slotDigests.get(slotContent.bytes) === slotContent.sha256,
  );
  return { release: match?.version, slot: seen.slot };
}

/**
 * Is the device wholly on one of the `allowed` releases? The bytes of the running slot decide, and what the
 * system says of itself must agree with them.
 */
export function checkRelease(
  seen: Observation,
  releases: Readonly<Record<string, ReleaseSpec>>,
  allowed: readonly string[],
): CheckResult {
  const { release, slot } = runningRelease(seen, releases);
  if (slot === undefined)
    return failed('unknown-slot', `the device runs from ${seen.root}, which is no slot of the image`);
  if (release === undefined)
    return failed(
      'release-mixed',
      `slot ${slot} calls itself ${seen.version}, but its content is that of no release: it was written in part`,
    );
  if (seen.version !== release)
    return failed(
      'release-misnamed',
      `slot ${slot} holds ${release}, but the running system calls itself ${seen.version}`,
    );
  if (!allowed.includes(release))
    return failed(
      'release-unexpected',
      `the device runs ${release} in slot ${slot}; expected ${allowed.join(' or ')}`,
    );
  return passed(`${release} in slot ${slot}, whole`);
}
