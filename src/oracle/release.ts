import type { ReleaseContent, ReleaseSpec } from '../model/image.ts';
import { type CheckResult, failed, passed } from './check.ts';
import type { SlotsSeen } from './observation.ts';

/** Which whole release a device runs, in which slot; `release` is undefined where the slot holds none. */
export interface RunningRelease {
  release: string | undefined;
  slot: string | undefined;
}

/** Finds the release whose bytes are exactly those of the running slot. */
export function runningRelease(
  seen: SlotsSeen,
  releases: Readonly<Record<string, ReleaseSpec>>,
): RunningRelease {
  const digests = seen.slotDigests.get(seen.slot ?? '');
  const match = Object.values(releases).find(({ content }) => holdsRelease(digests, content));
  return { release: match?.version, slot: seen.slot };
}

/** Are these digests, by length, those of a slot with this release? */
function holdsRelease(digests: ReadonlyMap<number, string> | undefined, content: ReleaseContent): boolean {
  return content.kind === 'slot' && digests?.get(content.bytes) === content.sha256;
}

/**
 * Did the device really try `release` before it came up on another one? A slot that does not run must hold it
 * whole, and the device must have reset itself at least once on its way.
 */
export function checkFallBack(
  seen: SlotsSeen,
  { version, content }: ReleaseSpec,
  resets: number,
): CheckResult {
  const holds = [...seen.slotDigests].some(
    ([slot, digests]) => slot !== seen.slot && holdsRelease(digests, content),
  );
  if (!holds)
    return failed('not-installed', `no slot but the running one holds ${version}, so it was never installed`);
  if (resets === 0)
    return failed('not-tried', `the device did not reset itself, so ${version} was never tried`);
  return passed(`fell back from ${version} after ${resets} resets`);
}

/**
 * Is the device wholly on one of the `allowed` releases? The bytes of the running slot decide, and what the
 * system says of itself must agree with them.
 */
export function checkRelease(
  seen: SlotsSeen,
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
