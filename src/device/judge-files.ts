import { everythingPreserved } from '../model/configuration.ts';
import type { Scenario } from '../model/scenario.ts';
import { checkConfiguration } from '../oracle/configuration.ts';
import type { FileState, OwnedFile } from '../oracle/observation.ts';
import type { OddPath } from '../oracle/packaged-paths.ts';
import type { Shipped } from '../oracle/shipped.ts';

/** What the owner left behind: files, the release that ran then, and what else was not as packaged. */
export interface Owned {
  release: string;
  files: readonly OwnedFile[];
  /** Undefined where nobody knows what packages say of paths. */
  odd: readonly OddPath[] | undefined;
}

/**
 * Decides what became of the owner's files on a device that may run one of the `allowed` releases: by what the scenario
 * promises, and by what the packages of the releases ship, as far as the image says.
 */
export function judgeFiles(
  { expect, shipped }: { expect: Scenario['expect']; shipped: (release: string) => Shipped | undefined },
  { release, files }: Pick<Owned, 'release' | 'files'>,
  now: readonly FileState[],
  allowed: readonly string[],
): ReturnType<typeof checkConfiguration> {
  return checkConfiguration(files, now, {
    promise: expect.configuration ?? everythingPreserved,
    shippedBefore: shipped(release),
    shippedNow: allowed.map((one) => shipped(one)),
  });
}
