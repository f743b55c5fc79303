import { globMatcher } from '../core/glob.ts';
import type { PackageContents, PackagedPath } from '../model/image.ts';

/** What a device shows at a path. */
export interface PathShown {
  kind: PackagedPath['kind'];
  mode: number;
  /** Numbers: `0:0`. */
  owner: string;
  /** Of a link. */
  target?: string;
}

/** What a device shows of the paths of packages. */
export interface PathsSeen {
  /** Of each path that was asked for; undefined where nothing is there. */
  shown: ReadonlyMap<string, PathShown | undefined>;
  /** Its numbers of users and groups, by name. */
  users: ReadonlyMap<string, string>;
  groups: ReadonlyMap<string, string>;
  /** Paths that dpkg-divert has put aside. */
  diverted: ReadonlySet<string>;
  /** What dpkg-statoverride has in place of the packages' modes and owners. */
  overrides: ReadonlyMap<string, Pick<PackagedPath, 'mode' | 'owner'>>;
}

/** A path that is not as its package says, and how it is: `file 600 0:0`. */
export interface OddPath {
  path: string;
  shown: string;
}

/** What is known of a device besides what its packages say. */
export interface PathsKnown {
  /** What was not as packaged before anything was upgraded. */
  odd?: readonly OddPath[];
  /** Patterns of paths that scripts, or the package manager, are known to change. */
  changed?: readonly string[];
  /** Packages whose folders stay as they are where they are there: dpkg makes folders, and changes none. */
  folders?: readonly PackageContents[];
}

/** What became of the paths of packages. */
export interface PathsJudged {
  /** Those that differ, and nobody is known to have changed. */
  faults: string[];
  /** Those that differ for a known reason. */
  notes: string[];
}

interface Claim {
  name: string;
  said: PackagedPath;
}

/** What lies here is made anew by each boot, and is none of an upgrade's. */
const volatile = ['/dev', '/proc', '/run', '/sys', '/tmp', '/var/volatile'];

/** The paths that packages say something of which must hold: not of conffiles, which are the owner's. */
export function packagedPaths(contents: readonly PackageContents[]): string[] {
  return [...claimsOf(contents).keys()];
}

function claimsOf(contents: readonly PackageContents[]): Map<string, Claim[]> {
  const conffiles = new Set(contents.flatMap((one) => one.conffiles));
  const claims = new Map<string, Claim[]>();
  for (const { name, paths } of contents)
    for (const said of paths) {
      if (conffiles.has(said.path) || isVolatile(said.path) || said.path.includes('\n')) continue;
      const known = claims.get(said.path);
      if (known === undefined) claims.set(said.path, [{ name, said }]);
      else known.push({ name, said });
    }
  return claims;
}

function isVolatile(path: string): boolean {
  return volatile.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/**
 * Paths that are not as any of the installed packages says: what the image, its mounts, scripts and the owner have made of
 * them is not blamed on an upgrade. `coming`: packages of later releases; what is already there in place of theirs, such as
 * a link in place of a folder, is not their doing either.
 */
export function oddPaths(
  packages: readonly PackageContents[],
  coming: readonly PackageContents[],
  seen: PathsSeen,
): OddPath[] {
  const claims = claimsOf(packages);
  const later = claimsOf(coming);
  return [...seen.shown].flatMap(([path, shown]) => {
    const said = claims.get(path) ?? (shown === undefined ? undefined : later.get(path));
    if (said === undefined || isAsClaimed(said, shown, seen)) return [];
    return [{ path, shown: shownText(shown) }];
  });
}

/**
 * Compares kind, mode, owner and target of the paths that were looked at with what the installed packages say of them: any
 * of those that have the path.
 */
export function judgePaths(
  packages: readonly PackageContents[],
  seen: PathsSeen,
  { odd = [], changed = [], folders = [] }: PathsKnown,
): PathsJudged {
  const claims = claimsOf(packages);
  const foldersSaid = claimsOf(folders);
  const before = new Map(odd.map(({ path, shown }) => [path, shown]));
  const matchers = changed.map(globMatcher);
  const judged: PathsJudged = { faults: [], notes: [] };
  for (const [path, shown] of seen.shown) {
    const said = claims.get(path);
    if (said === undefined || isAsClaimed(said, shown, seen)) continue;
    if (shown?.kind === 'folder' && isAsClaimed(foldersSaid.get(path) ?? [], shown, seen)) continue;
    const reason =
      reasonOf(path, said, shown, seen) ??
      (before.get(path) === shownText(shown) ? 'as before the upgrade' : undefined) ??
      (matchers.some((matches) => matches(path)) ? 'known to be changed' : undefined);
    const difference = `${path} of ${said.map(({ name }) => name).join(', ')} ${differenceText(said, shown)}`;
    if (reason === undefined) judged.faults.push(difference);
    else judged.notes.push(`${difference} (${reason})`);
  }
  return judged;
}

/** Why dpkg has made a path differ; undefined where it has not. */
function reasonOf(
  path: string,
  claims: readonly Claim[],
  shown: PathShown | undefined,
  seen: PathsSeen,
): string | undefined {
  if (seen.diverted.has(path)) return 'diverted';
  const override = seen.overrides.get(path);
  if (override === undefined) return undefined;
  const overridden = claims.map(({ name, said: { path, kind } }) => ({
    name,
    said: { path, kind, ...override },
  }));
  return isAsClaimed(overridden, shown, seen) ? 'a statoverride' : undefined;
}

function isAsClaimed(claims: readonly Claim[], shown: PathShown | undefined, seen: PathsSeen): boolean {
  return claims.some(({ said }) => {
    if (shown === undefined || shown.kind !== said.kind || !ownersOf(said, seen).includes(shown.owner))
      return false;
    return said.kind === 'link' ? shown.target === said.target : shown.mode === said.mode;
  });
}

/** The numbers that a path may belong to: those of the names as the device has them, or those that the package has. */
function ownersOf({ owner, ids }: PackagedPath, { users, groups }: PathsSeen): string[] {
  const [user = '', group = ''] = owner.split(':');
  const number = (names: ReadonlyMap<string, string>, name: string) =>
    /^\d+$/.test(name) ? name : name === 'root' ? '0' : names.get(name);
  // Of a name that the device does not have rpm makes root.
  return [
    `${number(users, user) ?? '0'}:${number(groups, group) ?? '0'}`,
    ...(ids === undefined ? [] : [ids]),
  ];
}

function differenceText(claims: readonly Claim[], shown: PathShown | undefined): string {
  const said = claims.find((one) => one.said.kind === shown?.kind)?.said ?? claims[0]?.said;
  if (said === undefined) return '';
  if (shown === undefined) return `is gone, a ${said.kind}`;
  if (shown.kind !== said.kind) return `is a ${shown.kind}, not a ${said.kind}`;
  if (said.kind === 'link' && shown.target !== said.target)
    return `leads to ${shown.target ?? '?'}, not to ${said.target ?? '?'}`;
  if (said.kind !== 'link' && shown.mode !== said.mode)
    return `has mode ${octal(shown.mode)}, not ${octal(said.mode)}`;
  return `belongs to ${shown.owner}, not to ${said.owner}`;
}

function shownText(shown: PathShown | undefined): string {
  if (shown === undefined) return 'gone';
  const { kind, mode, owner, target } = shown;
  return kind === 'link' ? `link ${owner} to ${target ?? '?'}` : `${kind} ${octal(mode)} ${owner}`;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
