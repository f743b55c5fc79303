import type { PackageContents } from '../model/image.ts';
import type { InstalledPackage } from '../model/software.ts';
import { type CheckResult, failed, passed } from './check.ts';
import { judgePaths, type PathsKnown, type PathsSeen } from './packaged-paths.ts';
import type { Shipped } from './shipped.ts';

/** What a device shows of its packages. */
export interface PackagesSeen {
  installed: readonly InstalledPackage[];
  /** SHA-256 by path of the files that were looked at; undefined where there is none. */
  digests: ReadonlyMap<string, string | undefined>;
  /** What else there is at paths; undefined where nobody asked. */
  paths?: PathsSeen | undefined;
}

/** What is known of a device besides what its packages say. */
interface PackagesKnown extends PathsKnown {
  /** Packages that a release leaves in part, by release. */
  broken?: Readonly<Record<string, readonly string[]>>;
  /** Packages that must be there, where the release has them. */
  present?: readonly string[];
  /** Packages that are of the release that the device came from, in the version and not with the content of this one. */
  sameVersion?: readonly SameVersionPackage[];
}

/** A package that two releases have in one version with contents that are not the same. */
export interface SameVersionPackage {
  name: string;
  version: string;
  /** SHA-256 by path of the files by which the later one can be told. */
  files: ReadonlyMap<string, string>;
  /** For people: with what is not the same. */
  text: string;
}

/** What the feed of each release has, by version, in the order of the releases. */
export type ReleaseContents = ReadonlyMap<string, readonly PackageContents[]>;

/** The package systems' words for a package that is there wholly. */
const wholly: readonly string[] = ['installed'];
const notCompared =
  'modes, owners and links of packages are not compared: nobody knows how they were before the upgrade';
/** So many faults are told one by one. */
const told = 8;

/**
 * The release that all packages agree with: each that its feed has is there in that version. Undefined where there is
 * none. What the feed does not have any more stays installed, as it does on a device. Of releases that have the same
 * versions it is the one whose files are there, or else an allowed one, or else the newest.
 */
export function packagesRelease(
  { installed, digests }: Pick<PackagesSeen, 'installed' | 'digests'>,
  releases: ReleaseContents,
  allowed: readonly string[] = [],
): string | undefined {
  const agreeing = byVersions(installed, releases);
  if (agreeing.length < 2) return agreeing[0];
  const faults = (release: string) =>
    contentFaults(installed, releases.get(release) ?? [], digests).length * 2 +
    (allowed.includes(release) ? 0 : 1);
  return agreeing.sort((a, b) => faults(a) - faults(b))[0];
}

/** The releases whose versions are installed, the newest first. */
function byVersions(installed: readonly InstalledPackage[], releases: ReleaseContents): string[] {
  return [...releases].reverse().flatMap(([version, contents]) => {
    const agrees = versionFaults(installed, contents).length === 0;
    return agrees && offered(installed, contents).length > 0 ? [version] : [];
  });
}

/**
 * Is the device wholly on one of the `allowed` releases? Every package must be installed and none in part, in the
 * versions of one release, and the files that were looked at must be those of the packages, as kind, mode, owner and target
 * of the paths must be; conffiles are the owner's.
 * With a release that is `broken` exactly the packages that are named for it are there in part.
 * The packages named in `present` must be there, where the release has them: a record that has forgotten one agrees
 * with every release.
 */
export function checkPackages(
  { installed, digests, paths }: PackagesSeen,
  releases: ReleaseContents,
  allowed: readonly string[],
  { broken = {}, present = [], sameVersion = [], ...exceptions }: PackagesKnown = {},
): CheckResult {
  const release = packagesRelease({ installed, digests }, releases, allowed);
  const known = new Set(broken[release ?? '']);
  const isWhole = ({ state }: InstalledPackage) => wholly.includes(state);
  const partly = installed.filter((one) => !isWhole(one) && !known.has(one.name));
  if (partly.length > 0)
    return failed(
      'packages-partly',
      `${partly.length} of ${installed.length} packages are there in part: ${list(partly.map(({ name, version, state }) => `${name} ${version} (${state})`))}`,
    );
  const candidates = release === undefined ? allowed : [release];
  if (release === undefined) {
    const faults = candidates
      .map((version) => versionFaults(installed, releases.get(version) ?? []))
      .sort((a, b) => a.length - b.length)[0];
    return failed(
      'release-mixed',
      `the packages are those of no release: ${list((faults ?? []).map(({ name, version, wanted }) => `${name} ${version}, not ${wanted}`))}`,
    );
  }
  const stale = notBrought(installed, digests, sameVersion);
  if (stale.length > 0)
    return failed(
      'same-version-other-content',
      `${stale.length} packages of ${list(allowed)} are not the ones that the device had in the same version, and it does not show that it has got them: ${list(stale)}`,
    );
  const alike = byVersions(installed, releases).find((one) => allowed.includes(one));
  if (!allowed.includes(release) && alike !== undefined)
    return failed(
      'same-version-other-content',
      `the device has the versions of ${alike} with the files of ${release}: ${list(contentFaults(installed, releases.get(alike) ?? [], digests))}`,
    );
  if (!allowed.includes(release))
    return failed(
      'release-unexpected',
      `the device has the packages of ${release}; expected ${allowed.join(' or ')}`,
    );
  const whole = installed.filter((one) => isWhole(one) && known.has(one.name));
  if (whole.length > 0)
    return failed(
      'packages-whole',
      `${list(whole.map(({ name, version }) => `${name} ${version}`))}: configured, although ${release} is said to be broken`,
    );
  const contents = releases.get(release) ?? [];
  const missing = present.filter(
    (wanted) =>
      contents.some(({ name }) => name === wanted) && !installed.some(({ name }) => name === wanted),
  );
  if (missing.length > 0)
    return failed('package-missing', `not installed, though ${release} has it: ${list(missing)}`);
  const damaged = contentFaults(installed, contents, digests);
  if (damaged.length > 0)
    return failed('content-mixed', `${damaged.length} files are not those of ${release}: ${list(damaged)}`);
  const inPart = known.size === 0 ? '' : `, in part as expected: ${list([...known])}`;
  const whatPasses = `${release}, ${installed.filter(isWhole).length} packages whole${inPart}`;
  if (paths === undefined) return passed(whatPasses, notCompared);
  const { faults, notes } = judgePaths(offered(installed, contents), paths, exceptions);
  if (faults.length > 0)
    return failed(
      'paths-changed',
      `${faults.length} paths are not as the packages of ${release} have them: ${list(faults)}`,
    );
  if (notes.length === 0) return passed(whatPasses);
  return passed(whatPasses, `${notes.length} paths are not as packaged: ${list(notes)}`);
}

/**
 * Are these packages off the device? None may be in its record, and no file of theirs may be left but conffiles and
 * what an installed package has too. `contents`: what the feed has that they came from.
 */
export function checkGone(
  { installed, digests }: PackagesSeen,
  contents: readonly PackageContents[],
  names: readonly string[],
): CheckResult {
  const still = installed.filter(({ name }) => names.includes(name));
  if (still.length > 0)
    return failed(
      'package-left',
      `still there: ${list(still.map(({ name, version, state }) => `${name} ${version} (${state})`))}`,
    );
  const shared = new Set(offered(installed, contents).flatMap(({ files }) => files.map(({ path }) => path)));
  const left = packagedFiles(contents.filter(({ name }) => names.includes(name))).filter(
    (path) => digests.get(path) !== undefined && !shared.has(path),
  );
  if (left.length > 0) return failed('files-left', `${left.length} files are left: ${list(left)}`);
  return passed('gone');
}

/** What these packages ship; undefined where nobody knows of any. */
export function shippedBy(contents: readonly PackageContents[] | undefined): Shipped | undefined {
  if (contents === undefined) return undefined;
  const files = new Map(
    contents.flatMap(({ files, conffiles }) =>
      files.map(({ path, sha256 }) => [path, { sha256, conffile: conffiles.includes(path) }] as const),
    ),
  );
  return (path) => files.get(path);
}

/** Packages that are not the same in all releases. */
export function tellingPackages(releases: ReleaseContents): PackageContents[] {
  const build = ({ name, version, architecture }: PackageContents) => `${name} ${version} ${architecture}`;
  const found = [...releases.values()].map((contents) => new Set(contents.map(build)));
  return [...releases.values()].flat().filter((one) => !found.every((builds) => builds.has(build(one))));
}

/** Paths of all files of these packages but conffiles. */
export function packagedFiles(contents: readonly PackageContents[]): string[] {
  const conffiles = new Set(contents.flatMap((one) => one.conffiles));
  const paths = new Set(contents.flatMap(({ files }) => files.map(({ path }) => path)));
  return [...paths].filter((path) => !conffiles.has(path)).sort();
}

/** Paths of files that tell the releases apart: of packages that are not the same in all of them, without conffiles. */
export function tellingFiles(releases: ReleaseContents): string[] {
  const seen = new Map<string, Set<string>>();
  const conffiles = new Set<string>();
  for (const contents of releases.values())
    for (const { name, version, files, conffiles: own } of contents) {
      for (const path of own) conffiles.add(path);
      for (const { path, sha256 } of files) {
        const builds = seen.get(path) ?? new Set<string>();
        seen.set(path, builds.add(`${name} ${version} ${sha256}`));
      }
    }
  return [...seen]
    .flatMap(([path, builds]) => (builds.size > 1 && !conffiles.has(path) ? [path] : []))
    .sort();
}

/** What there is of the installed packages in these contents, whatever the version. */
export function offered(
  installed: readonly InstalledPackage[],
  contents: readonly PackageContents[],
): PackageContents[] {
  const names = new Set(installed.map(({ name }) => name));
  return contents.filter(({ name }) => names.has(name));
}

/** Those of these packages that are installed, and whose files do not show that they are the later ones. */
function notBrought(
  installed: readonly InstalledPackage[],
  digests: PackagesSeen['digests'],
  sameVersion: readonly SameVersionPackage[],
): string[] {
  return sameVersion.flatMap(({ name, version, files, text }) => {
    if (!installed.some((one) => one.name === name && one.version === version)) return [];
    const isThere = files.size > 0 && [...files].every(([path, sha256]) => digests.get(path) === sha256);
    return isThere ? [] : [text];
  });
}

function versionFaults(
  installed: readonly InstalledPackage[],
  contents: readonly PackageContents[],
): { name: string; version: string; wanted: string }[] {
  return installed.flatMap(({ name, version }) => {
    const versions = contents.filter((one) => one.name === name).map((one) => one.version);
    if (versions.length === 0 || versions.includes(version)) return [];
    return [{ name, version, wanted: versions.join(' or ') }];
  });
}

function contentFaults(
  installed: readonly InstalledPackage[],
  contents: readonly PackageContents[],
  digests: PackagesSeen['digests'],
): string[] {
  const wanted = new Map<string, { names: string[]; sha256: Set<string> }>();
  const conffiles = new Set(contents.flatMap((one) => one.conffiles));
  for (const { name, files } of offered(installed, contents))
    for (const { path, sha256 } of files) {
      const known = wanted.get(path) ?? { names: [], sha256: new Set() };
      known.names.push(name);
      wanted.set(path, { ...known, sha256: known.sha256.add(sha256) });
    }
  return [...digests].flatMap(([path, digest]) => {
    const known = wanted.get(path);
    if (known === undefined || conffiles.has(path) || (digest !== undefined && known.sha256.has(digest)))
      return [];
    return [`${path} of ${known.names.join(', ')} ${digest === undefined ? 'is gone' : 'has other content'}`];
  });
}

function list(items: readonly string[]): string {
  const more = items.length > told ? `, and ${items.length - told} more` : '';
  return `${items.slice(0, told).join(', ')}${more}`;
}
