import { type ContentDifference, contentDifference } from '../package/content-difference.ts';

/** A package file of a release. */
export interface Build {
  name: string;
  version: string;
  architecture: string;
  /** On this host. */
  path: string;
  /** Hex, of the whole file. */
  sha256: string;
}

/** A package that two releases have in one version with contents that are not the same. */
export interface SameVersion {
  name: string;
  version: string;
  difference: ContentDifference;
}

/**
 * Finds the packages that a later release has in the version of an earlier one and with other content: a package manager
 * goes by versions, so that a device with the one does not get the other. Files with the same bytes are not opened.
 * Throws as `contentDifference`.
 */
export async function sameVersions(
  earlier: readonly Build[],
  later: readonly Build[],
  signal?: AbortSignal,
): Promise<SameVersion[]> {
  const known = new Map<string, Build[]>();
  for (const build of earlier) known.set(identity(build), [...(known.get(identity(build)) ?? []), build]);
  const found: SameVersion[] = [];
  for (const build of later) {
    const before = known.get(identity(build)) ?? [];
    const [first] = before;
    if (first === undefined || before.some(({ sha256 }) => sha256 === build.sha256)) continue;
    const difference = await contentDifference(first.path, build.path, signal);
    const { name, version } = build;
    if (difference !== undefined) found.push({ name, version, difference });
  }
  return found;
}

function identity({ name, version, architecture }: Build): string {
  return `${name} ${version} ${architecture}`;
}

/** So much of a difference is told one by one. */
const told = 6;

/** One of these for people: `busybox 1.35.0-r0 (postinst, /bin/busybox.nosuid)`. */
export function sameVersionText({ name, version, difference }: SameVersion): string {
  const { scripts, fields, files, paths } = difference;
  // A file says more than the folder that is new with it.
  const others = paths.filter((path) => !files.has(path));
  const all = [...scripts, ...fields, ...files.keys(), ...others];
  const more = all.length > told ? ` and ${all.length - told} more` : '';
  return `${name} ${version} (${all.slice(0, told).join(', ')}${more})`;
}
