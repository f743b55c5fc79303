import { posix } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import type { Fault } from '../document/parse.ts';
import { didYouMean } from '../document/suggest.ts';
import type { PackageFormat } from '../package/package-file.ts';
import type { PackagedFile } from '../package/packaged-files.ts';
import { draftPackage } from './draft.ts';
import { draftNew } from './new-package.ts';
import type { Recipe } from './recipe.ts';
import { moveRelations } from './relations.ts';
import type { Draft, Plan } from './release.ts';
import type { SourceFeed, SourcePackage } from './source.ts';
import { findTargets, type Target, type Targets } from './versions.ts';
import { warningsOf } from './warnings.ts';

/**
 * What the next release is made of; pure. What the recipe asks and the release cannot give goes to `faults`; with
 * any, the plan is not to be carried out.
 */
export function makePlan(
  recipe: Recipe,
  feed: SourceFeed,
  files: ReadonlyMap<SourcePackage, readonly PackagedFile[]>,
  faults: Fault[],
): Plan {
  const targets = findTargets(recipe, feed, faults);
  const drafts = [
    ...targets.stay.flatMap((target) => draftsOf(target, recipe.from, files, targets, faults)),
    ...Object.entries(recipe.packages).flatMap(([name, change]) =>
      change === 'removed' || change.add === undefined ? [] : [draftNew(name, change.add, faults)],
    ),
  ];
  const outputs = drafts.map((draft) => ({ ...draft, to: placeOf(draft, recipe.from, feed, faults) }));
  const places = new Set<string>();
  for (const { to, name, version } of outputs) {
    if (places.has(to))
      faults.push({
        path: ['packages'],
        message: `two packages would be ${to}: ${name} ${version} is there twice`,
      });
    places.add(to);
  }
  const changed = outputs.filter(({ make }) => make.kind !== 'same');
  return {
    outputs,
    changes: [
      ...changed.map(({ name, oldVersion, version, what }) => ({
        name,
        oldVersion,
        newVersion: version,
        what,
      })),
      ...targets.removed.map(({ about }) => ({
        name: about.name,
        oldVersion: about.version,
        newVersion: '',
        what: ['removed'],
      })),
    ].sort((a, b) => (a.name < b.name ? -1 : 1)),
    unchanged: outputs.length - changed.length,
    warnings: warningsOf(feed, outputs),
  };
}

function draftsOf(
  target: Target,
  format: PackageFormat,
  files: ReadonlyMap<SourcePackage, readonly PackagedFile[]>,
  { moves }: Targets,
  faults: Fault[],
): Draft[] {
  const { source, change, name, version } = target;
  const { about } = source;
  const moved = moveRelations(about.control, moves);
  const isMoved = about.control.some(({ lines }, i) => lines.join('\n') !== moved[i]?.lines.join('\n'));
  const relations = isMoved ? ['relations moved'] : [];
  const common = { name, version, oldVersion: about.version, architecture: about.architecture };
  if (change !== undefined)
    return draftPackage(
      { ...target, change, format, control: moved, files: files.get(source) ?? [] },
      faults,
    ).map((draft) => ({ ...draft, what: [...draft.what, ...(draft.name === name ? relations : [])] }));
  if (!isMoved && version === about.version)
    return [{ ...common, control: about.control, make: { kind: 'same', source }, what: [] }];
  const control = moved.map((one) =>
    one.name.toLowerCase() === 'version' ? { name: one.name, lines: [version] as const } : one,
  );
  return [{ ...common, control, make: { kind: 'edited', source, edit: { control } }, what: relations }];
}

function fileOf(make: Draft['make']): string {
  return make.kind === 'new' ? 'the recipe' : make.source.file;
}

/** A package keeps its feed; a new one goes where others of its architecture are. The name is as bitbake's. */
function placeOf(
  { name, version, architecture, make }: Draft,
  format: PackageFormat,
  { deploy, packages }: SourceFeed,
  faults: Fault[],
): string {
  if (make.kind === 'same') return posix.join(make.source.feed, make.source.path);
  const file = `${name}_${version.replace(/^\d+:/, '')}_${architecture}.${format}`;
  // What the old package says of itself may be anything, also a way out of the folder.
  if (!/^[A-Za-z0-9][\w.+~:-]*$/.test(file))
    throw new ScenarioError(
      'feed-name',
      `${fileOf(make)}: no file can have the name ${JSON.stringify(file)}`,
      {
        hint: "see the package's fields Package, Version and Architecture",
      },
    );
  if (make.kind === 'edited') return posix.join(make.source.feed, posix.dirname(make.source.path), file);
  const like = packages.find(({ about }) => about.architecture === architecture);
  if (like !== undefined) return posix.join(like.feed, posix.dirname(like.path), file);
  if (architecture !== 'all') {
    const known = [...new Set(packages.map(({ about }) => about.architecture))].sort();
    const meant = didYouMean(architecture, known) || `; expected one of ${known.join(', ')}`;
    faults.push({
      path: ['packages', name, 'add', 'architecture'],
      message: `no package of the feed has the architecture ${JSON.stringify(architecture)}${meant}`,
    });
  }
  return posix.join(deploy ? 'all' : '', file);
}
