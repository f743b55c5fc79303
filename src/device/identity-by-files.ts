import { complaint } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { ImageManifest } from '../model/image.ts';
import { ownedPaths } from '../model/scenario.ts';
import { checkFiles, variantsOf } from '../oracle/release-files.ts';
import { cameUpAgain } from '../oracle/said-release.ts';
import { fileDigests } from './file-digests.ts';
import type { ReleaseIdentity } from './release-identity.ts';
import type { RunContext } from './run-context.ts';

/** Which files are the owner's, and until when the device is waited for. */
export interface FilesContext extends Pick<RunContext, 'signal'> {
  scenario: Parameters<typeof ownedPaths>[0];
}

/**
 * Told by the files of the running system, for slots that the device makes itself: their bytes are others on each. All
 * files of the release that it calls itself are hashed there, but for the owner's. What the other slot holds is not seen.
 */
export function identityByFiles(
  { signal, scenario }: FilesContext,
  { slots, releases }: Pick<ImageManifest, 'slots' | 'releases'>,
): ReleaseIdentity {
  return {
    async look({ device, seen }, { allowed, fellBackFrom }) {
      const owned = ownedPaths(scenario).map(({ path }) => path);
      const variants = variantsOf(releases, seen.version, owned);
      const asked = [...new Set(variants.flatMap(({ files }) => Object.keys(files)))];
      const digests = await fileDigests(device, asked, signal, {
        tooLong: () => new DeviceFailure('observe-failed', 'the device says too much of its files'),
        failed: (output) =>
          new DeviceFailure('observe-failed', `the device cannot hash files: ${complaint(output)}`),
        late: (cause) =>
          new DeviceFailure('observe-timeout', 'the device came up, but did not show its files in time', {
            cause,
          }),
      });
      const { running, result } = checkFiles(seen, {
        hasSlots: slots.length > 0,
        variants,
        digests,
        allowed,
      });
      return {
        running,
        result,
        ...(fellBackFrom === undefined ? {} : { fallback: cameUpAgain(fellBackFrom, device.resets) }),
      };
    },
  };
}
