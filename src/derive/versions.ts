import type { Fault } from '../document/parse.ts';
import { didYouMean } from '../document/suggest.ts';
import { formats } from './formats.ts';
import { Moves } from './moves.ts';
import type { PackageChange, Recipe } from './recipe.ts';
import { newest, type SourceFeed, type SourcePackage } from './source.ts';

/** A package of the old release with what the recipe makes of it. */
export interface Target {
  source: SourcePackage;
  /** Undefined where the recipe only gives it a new version, or nothing. */
  change: PackageChange | undefined;
  /** In the next release. */
  name: string;
  version: string;
}

/** What becomes of each package of a release, before anyone has looked into one. */
export interface Targets {
  stay: Target[];
  removed: SourcePackage[];
  moves: Moves;
}

/** Finds what the recipe names and gives each package its new name and version; pure. */
export function findTargets(recipe: Recipe, feed: SourceFeed, faults: Fault[]): Targets {
  const byName = new Map<string, SourcePackage[]>();
  for (const one of feed.packages) byName.set(one.about.name, [...(byName.get(one.about.name) ?? []), one]);
  const known = [...byName.keys()];
  checkNames(recipe, known, faults);
  const except = new Set(recipe.revision?.except);
  const result: Targets = { stay: [], removed: [], moves: new Moves() };
  for (const [name, packages] of byName) {
    const change = Object.hasOwn(recipe.packages, name) ? recipe.packages[name] : undefined;
    if (change === 'removed') {
      result.removed.push(...packages);
      continue;
    }
    const current = new Set(newest(packages));
    for (const source of packages) {
      // An older version beside the newest stays what it is.
      const meant = current.has(source);
      const suffix = meant && !except.has(name) ? (recipe.revision?.all ?? '') : '';
      const target: Target = {
        source,
        change: meant ? change : undefined,
        name: (meant ? change?.rename : undefined) ?? name,
        version: (meant ? change?.version : undefined) ?? `${source.about.version}${suffix}`,
      };
      checkVersion(target, faults);
      addMoves(target, result.moves);
      result.stay.push(target);
    }
  }
  return result;
}

function addMoves({ source: { about, metadata }, name, version }: Target, moves: Moves): void {
  moves.add(about.name, about.version, { name, version });
  for (const provided of metadata.versionedOffers())
    if (provided.version === about.version && provided.name !== about.name)
      moves.add(provided.name, about.version, { name: provided.name, version });
}

function checkNames({ packages, revision }: Recipe, known: readonly string[], faults: Fault[]): void {
  const unknown = (name: string) =>
    `no package ${JSON.stringify(name)} in the feed${didYouMean(name, known)}`;
  for (const [name, change] of Object.entries(packages)) {
    const isNew = change !== 'removed' && change.add !== undefined;
    if (!isNew && !known.includes(name))
      faults.push({ path: ['packages'], key: name, message: unknown(name) });
  }
  for (const [i, name] of (revision?.except ?? []).entries())
    if (!known.includes(name)) faults.push({ path: ['revision', 'except', i], message: unknown(name) });
  const taken = new Set(known.filter((name) => packages[name] !== 'removed' && !isRenamed(packages[name])));
  for (const { name, path, key } of newNames(packages)) {
    if (taken.has(name))
      faults.push({
        path,
        ...(key === undefined ? {} : { key }),
        message: `there is a package ${name} already`,
      });
    taken.add(name);
  }
}

function isRenamed(change: Recipe['packages'][string] | undefined): boolean {
  return change !== undefined && change !== 'removed' && change.rename !== undefined;
}

/** Every name that the recipe brings up, with its place. */
function newNames(packages: Recipe['packages']): { name: string; path: string[]; key?: string }[] {
  return Object.entries(packages).flatMap(([name, change]) => {
    if (change === 'removed') return [];
    return [
      ...(change.add === undefined ? [] : [{ name, path: ['packages'], key: name }]),
      ...(change.rename === undefined ? [] : [{ name: change.rename, path: ['packages', name, 'rename'] }]),
      ...Object.keys(change.split).map((key) => ({ name: key, path: ['packages', name, 'split'], key })),
    ];
  });
}

/** A package manager takes nothing for an upgrade but a newer version. */
function checkVersion({ source: { about }, change, version }: Target, faults: Fault[]): void {
  const isNewer = formats[about.format].compare(version, about.version) > 0;
  if (change === undefined || change.notNewer === true || isNewer) return;
  const allowed = 'or say notNewer: true';
  const path = ['packages', about.name];
  if (change.version !== undefined)
    faults.push({
      path: [...path, 'version'],
      message: `${version} is not newer than ${about.version}; give a newer one, ${allowed}`,
    });
  else if (change.rename === undefined)
    faults.push({
      path: ['packages'],
      key: about.name,
      message: `${about.name} changes and stays at ${version}: nothing would upgrade to it; give it a version, ${allowed}`,
    });
}
