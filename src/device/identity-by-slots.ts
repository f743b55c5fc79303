import { createHash } from 'node:crypto';
import type { ImageManifest, SlotSpec } from '../model/image.ts';
import type { Disk } from '../nbd/disk.ts';
import { checkFallBack, checkRelease, runningRelease } from '../oracle/release.ts';
import type { ReleaseIdentity } from './release-identity.ts';

const chunkBytes = 1 << 20;

/**
 * Told by the bytes of the running slot; by those of all slots where a release must have been tried. They are read by
 * the host, which is faster and needs no trust in the guest. Valid while slots are mounted read-only.
 */
export function identityBySlots({
  slots,
  releases,
}: Pick<ImageManifest, 'slots' | 'releases'>): ReleaseIdentity {
  return {
    async look({ device, subject, seen }, { allowed, fellBackFrom = '' }) {
      const tried = releases[fellBackFrom];
      const slotDigests = new Map<string, ReadonlyMap<number, string>>();
      for (const slot of slots)
        if (tried !== undefined || slot.name === seen.slot)
          slotDigests.set(slot.name, await digestsOfSlot(slot, subject.disks.get(slot.disk), releases));
      const found = { ...seen, slotDigests };
      return {
        running: runningRelease(found, releases),
        result: checkRelease(found, releases, allowed),
        ...(tried === undefined ? {} : { fallback: checkFallBack(found, tried, device.resets) }),
      };
    },
  };
}

/** SHA-256 of the beginning of a slot, by length, for each length that a release's content has; it is read once. */
export async function digestsOfSlot(
  slot: SlotSpec,
  disk: Disk | undefined,
  releases: ImageManifest['releases'],
): Promise<Map<number, string>> {
  const digests = new Map<number, string>();
  if (disk === undefined) return digests;
  const lengths = new Set(
    Object.values(releases).flatMap(({ content }) => (content.kind === 'slot' ? [content.bytes] : [])),
  );
  const hash = createHash('sha256');
  let at = 0;
  for (const length of [...lengths].sort((one, other) => one - other)) {
    if (length > slot.length) break;
    for (; at < length; at += Math.min(chunkBytes, length - at))
      hash.update(await disk.read(slot.offset + at, Math.min(chunkBytes, length - at)));
    digests.set(length, hash.copy().digest('hex'));
  }
  return digests;
}
