import type { ImageManifest } from '../model/image.ts';
import type { InstalledPackage } from '../model/software.ts';
import type { CheckResult } from '../oracle/check.ts';
import type { Observation } from '../oracle/observation.ts';
import { checkPackages, packagedFiles, packagesRelease, tellingFiles } from '../oracle/packages.ts';
import { checkRelease, type RunningRelease, runningRelease } from '../oracle/release.ts';
import type { Ready } from '../target/target.ts';
import { observePackages, packageSystem } from './observe-packages.ts';
import type { RunContext } from './run-context.ts';

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
}

/** What was seen of a device's release. */
export interface ReleaseSeen {
  running: RunningRelease;
  result: CheckResult;
  /** Of a device that is upgraded by packages. */
  installed?: readonly InstalledPackage[];
}

/** Which release a device is on, and whether it may be: by its slot's bytes, or by its packages and their files. */
export async function lookAtRelease(
  context: RunContext,
  device: Ready,
  seen: Observation,
  { allowed, compare, present }: ReleaseLook,
): Promise<ReleaseSeen> {
  const { contents, manifest, signal } = context;
  if (contents === undefined) {
    const { releases } = manifest;
    return { running: runningRelease(seen, releases), result: checkRelease(seen, releases, allowed) };
  }
  const paths =
    compare === 'telling'
      ? tellingFiles(contents)
      : packagedFiles(allowed.flatMap((release) => contents.get(release) ?? []));
  const packages = await observePackages(device, packageSystem(context), paths, signal);
  return {
    running: { release: packagesRelease(packages.installed, contents), slot: undefined },
    result: checkPackages(packages, contents, allowed, context.scenario.expect.broken, [
      ...onEveryDevice(manifest),
      ...present,
    ]),
    installed: packages.installed,
  };
}

/** What every factory disk of an image has: a record of packages that has forgotten one of these is no release's. */
export function onEveryDevice({ releases }: Pick<ImageManifest, 'releases'>): string[] {
  const disks = Object.values(releases).flatMap(({ installed }) =>
    installed === undefined ? [] : [installed],
  );
  return (disks[0] ?? []).filter((name) => disks.every((names) => names.includes(name)));
}
