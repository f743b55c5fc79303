import type { ImageManifest } from '../model/image.ts';
import {
  checkPackages,
  packagedFiles,
  packagesRelease,
  type ReleaseContents,
  tellingFiles,
} from '../oracle/packages.ts';
import { checkFallBack } from '../oracle/release.ts';
import { observePackages, packageSystem } from './observe-packages.ts';
import type { ReleaseIdentity } from './release-identity.ts';
import type { RunContext } from './run-context.ts';

/** Told by the packages that are installed, and by their files. */
export function identityByPackages(
  context: Pick<RunContext, 'agent' | 'manifest' | 'scenario' | 'signal'>,
  contents: ReleaseContents,
): ReleaseIdentity {
  const { manifest, scenario, signal } = context;
  return {
    async look({ device, seen }, { allowed, compare, present, fellBackFrom = '' }) {
      const paths =
        compare === 'telling'
          ? tellingFiles(contents)
          : packagedFiles(allowed.flatMap((release) => contents.get(release) ?? []));
      const packages = await observePackages(device, packageSystem(context), paths, signal);
      const tried = manifest.releases[fellBackFrom];
      return {
        running: { release: packagesRelease(packages.installed, contents), slot: undefined },
        result: checkPackages(packages, contents, allowed, scenario.expect.broken, [
          ...onEveryDevice(manifest),
          ...present,
        ]),
        // Packages are in force at once: no slot holds a release that was tried.
        ...(tried === undefined
          ? {}
          : { fallback: checkFallBack({ ...seen, slotDigests: new Map() }, tried, device.resets) }),
        installed: packages.installed,
      };
    },
  };
}

/** What every factory disk of an image has: a record of packages that has forgotten one of these is no release's. */
export function onEveryDevice({ releases }: Pick<ImageManifest, 'releases'>): string[] {
  const disks = Object.values(releases).flatMap(({ installed }) =>
    installed === undefined ? [] : [installed],
  );
  return (disks[0] ?? []).filter((name) => disks.every((names) => names.includes(name)));
}
