import { everythingPreserved } from '../model/configuration.ts';
import type { Scenario } from '../model/scenario.ts';
import { checkConfiguration } from '../oracle/configuration.ts';
import type { FileState, OwnedFile } from '../oracle/observation.ts';
import type { Shipped } from '../oracle/shipped.ts';

/** The owner's files as the owner left them, and the release that ran then. */
export interface Owned {
  release: string;
  files: readonly OwnedFile[];
}

/**
 * Decides what became of the owner's files on a device that may run one of the `allowed` releases: by what the scenario
 * promises, and by what the packages of the releases ship, as far as the image says.
 */
export function judgeFiles(
  { expect, shipped }: { expect: Scenario['expect']; shipped: (release: string) => Shipped | undefined },
  { release, files }: Owned,
  now: readonly FileState[],
  allowed: readonly string[],
): ReturnType<typeof checkConfiguration> {
  return checkConfiguration(files, now, {
    promise: expect.configuration ?? everythingPreserved,
    shippedBefore: shipped(release),
    shippedNow: allowed.map((one) => shipped(one)),
  });
}
