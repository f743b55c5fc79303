import { DeviceFailure } from '../core/errors.ts';
import { type Build, sameVersions, sameVersionText } from '../feed/same-version.ts';
import type { ImageManifest, PackageContents } from '../model/image.ts';
import type { InstalledPackage } from '../model/software.ts';
import { oddPaths, packagedPaths } from '../oracle/packaged-paths.ts';
import {
  checkPackages,
  offered,
  packagedFiles,
  packagesRelease,
  type ReleaseContents,
  type SameVersionPackage,
  tellingFiles,
  tellingPackages,
} from '../oracle/packages.ts';
import { checkFallBack } from '../oracle/release.ts';
import { observePackages, packageSystem } from './observe-packages.ts';
import { observePaths } from './observe-paths.ts';
import type { ReleaseIdentity } from './release-identity.ts';
import type { RunContext } from './run-context.ts';

/**
 * Told by the packages that are installed, by their files, and by what else they say of paths. Of the latter a device is
 * asked for what the packages have that are installed; while crash states are decided, of those that are not the same in
 * all releases: of these the files are read anyway.
 */
export function identityByPackages(
  context: Pick<RunContext, 'agent' | 'manifest' | 'scenario' | 'signal'>,
  contents: ReleaseContents,
): ReleaseIdentity {
  const { agent, manifest, scenario, signal } = context;
  const system = () => packageSystem(context);
  const every = [...contents.values()].flat();
  return {
    async look({ device, seen }, { allowed, compare, present, odd, cameFrom, fellBackFrom = '' }) {
      const ofAllowed = allowed.flatMap((release) => contents.get(release) ?? []);
      const paths = compare === 'telling' ? tellingFiles(contents) : packagedFiles(ofAllowed);
      const packages = await observePackages(device, system(), paths, signal);
      const asked = offered(
        packages.installed,
        compare === 'telling' ? tellingPackages(contents) : ofAllowed,
      );
      const shown =
        odd === undefined ? undefined : await observePaths(device, system(), packagedPaths(asked), signal);
      if (odd !== undefined && shown === undefined)
        throw new DeviceFailure(
          'observe-failed',
          'the device can no longer show what lies at paths: its stat fails',
        );
      const tried = manifest.releases[fellBackFrom];
      return {
        running: { release: packagesRelease(packages, contents, allowed), slot: undefined },
        result: checkPackages({ ...packages, paths: shown }, contents, allowed, {
          broken: scenario.expect.broken,
          present: [...onEveryDevice(manifest), ...present],
          odd: odd ?? [],
          sameVersion: await sameVersionPackages(manifest, contents, { cameFrom, allowed, signal }),
          changed: [...(agent.packages?.changes ?? []), ...(scenario.expect.changedByScripts ?? [])],
          folders: system() === 'dpkg' ? every : [],
        }),
        // Packages are in force at once: no slot holds a release that was tried.
        ...(tried === undefined
          ? {}
          : { fallback: checkFallBack({ ...seen, slotDigests: new Map() }, tried, device.resets) }),
        installed: packages.installed,
      };
    },
    async oddPaths(device, { release, factory }) {
      const { installed } = await observePackages(device, system(), [], signal);
      const before = factory ?? installed;
      const coming = [...offered(before, every), ...foldersOfAbsent(installed, every)];
      const shown = await observePaths(device, system(), packagedPaths(coming), signal);
      return shown && oddPaths(offered(before, contents.get(release) ?? []), coming, shown);
    },
  };
}

/** What the releases that a device may be on have in a version of the one that it came from, with other content. */
async function sameVersionPackages(
  manifest: ImageManifest,
  contents: ReleaseContents,
  {
    cameFrom = '',
    allowed,
    signal,
  }: { cameFrom: string | undefined; allowed: readonly string[]; signal: AbortSignal },
): Promise<SameVersionPackage[]> {
  const earlier = buildsOf(manifest, contents, cameFrom);
  const later = allowed.flatMap((release) => buildsOf(manifest, contents, release));
  const conffiles = new Set([...contents.values()].flat().flatMap((one) => one.conffiles));
  return (await sameVersions(earlier, later, signal)).map((one) => ({
    name: one.name,
    version: one.version,
    files: new Map([...one.difference.files].filter(([path]) => !conffiles.has(path))),
    text: sameVersionText(one),
  }));
}

/** The package files of a release, where the image has them. */
function buildsOf({ releases }: ImageManifest, contents: ReleaseContents, release: string): Build[] {
  const files = releases[release]?.feed ?? {};
  return (contents.get(release) ?? []).flatMap(({ name, version, architecture, path }) => {
    const file = files[path];
    return file === undefined ? [] : [{ name, version, architecture, path: file.path, sha256: file.sha256 }];
  });
}

/** Of packages that are not there yet: their folders, where something else may be already. */
function foldersOfAbsent(
  installed: readonly InstalledPackage[],
  contents: readonly PackageContents[],
): PackageContents[] {
  const there = new Set(installed.map(({ name }) => name));
  return contents
    .filter(({ name }) => !there.has(name))
    .map((one) => ({ ...one, paths: one.paths.filter(({ kind }) => kind === 'folder') }));
}

/** What every factory disk of an image has: a record of packages that has forgotten one of these is no release's. */
export function onEveryDevice({ releases }: Pick<ImageManifest, 'releases'>): string[] {
  const disks = Object.values(releases).flatMap(({ installed }) =>
    installed === undefined ? [] : [installed],
  );
  return (disks[0] ?? []).filter((name) => disks.every((names) => names.includes(name)));
}
