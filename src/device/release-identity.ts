import type { InstalledPackage } from '../model/software.ts';
import type { CheckResult } from '../oracle/check.ts';
import type { Observation } from '../oracle/observation.ts';
import type { OddPath } from '../oracle/packaged-paths.ts';
import type { RunningRelease } from '../oracle/release.ts';
import type { Ready } from '../target/target.ts';
import type { Subject } from './observe.ts';

/**
 * Which of an upgrade's files are compared where packages are installed: those that tell the releases apart, or every
 * file of the allowed releases. Each file that is read is one that crash states can differ in.
 */
export type FilesCompared = 'telling' | 'every';

/** What a device's release is compared with. */
export interface ReleaseLook {
  /** Releases that the device may be on. */
  allowed: readonly string[];
  compare: FilesCompared;
  /** Packages that must be there, besides those that devices leave the factory with. */
  present: readonly string[];
  /** Paths that were not as packaged before the upgrade; where nobody has looked, paths are not compared. */
  odd?: readonly OddPath[] | undefined;
  /** The release that an upgrade has brought it from. */
  cameFrom?: string | undefined;
  /** The release that the device must have tried on its way. */
  fellBackFrom?: string | undefined;
}

/** What a device is asked through; how often it has started itself again. */
type Asked = Pick<Ready, 'run' | 'resets'>;

/** A device that came up, and what was seen of it so far. */
export interface Shown {
  device: Asked;
  subject: Pick<Subject, 'disks'>;
  seen: Observation;
}

/** What was seen of a device's release. */
export interface ReleaseSeen {
  running: RunningRelease;
  result: CheckResult;
  /** Whether it tried the release that it had to try. */
  fallback?: CheckResult;
  /** Of a device that is upgraded by packages. */
  installed?: readonly InstalledPackage[];
}

/** Of which packages paths are looked at before an upgrade. */
export interface OddLook {
  release: string;
  /** What was installed before the scenario's own packages, which are still to be judged; undefined: all that is. */
  factory: readonly InstalledPackage[] | undefined;
}

/** What tells on which release a device wholly is. It reads no more than it needs: crash states can differ in all of it. */
export interface ReleaseIdentity {
  look(shown: Shown, look: ReleaseLook): Promise<ReleaseSeen>;
  /**
   * Of a device that is upgraded by packages: the paths that are not as the packages of its release say. Undefined where
   * the device cannot tell.
   */
  oddPaths?(device: Asked, of: OddLook): Promise<readonly OddPath[] | undefined>;
}
