import { posix } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import type { Fault } from '../document/parse.ts';
import { didYouMean } from '../document/suggest.ts';
import type { PackageFormat } from '../package/package-format.ts';
import type { PackagedFile } from '../package/packaged-file.ts';
import { draftPackage } from './draft.ts';
import { formats } from './formats.ts';
import { draftNew } from './new-package.ts';
import type { Recipe } from './recipe.ts';
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
    ...targets.stay.flatMap((target) => draftsOf(target, files, targets, faults)),
    ...Object.entries(recipe.packages).flatMap(([name, change]) =>
      change === 'removed' || change.add === undefined
        ? []
        : [draftNew(name, change.add, recipe.from, faults)],
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
  files: ReadonlyMap<SourcePackage, readonly PackagedFile[]>,
  { moves }: Targets,
  faults: Fault[],
): Draft[] {
  const { source, change, name, version } = target;
  const { about } = source;
  const { metadata, isMoved } = source.metadata.moved(moves);
  const relations = isMoved ? ['relations moved'] : [];
  const common = { name, version, oldVersion: about.version, architecture: about.architecture };
  if (change !== undefined)
    return draftPackage({ ...target, change, metadata, files: files.get(source) ?? [] }, faults).map(
      (draft) => ({ ...draft, what: [...draft.what, ...(draft.name === name ? relations : [])] }),
    );
  if (!isMoved && version === about.version)
    return [{ ...common, metadata, make: { kind: 'same', source }, what: [] }];
  const newer = metadata.withVersion(version);
  return [{ ...common, metadata: newer, make: { kind: 'edited', source, edit: {} }, what: relations }];
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
  const { fileName, everywhere } = formats[format];
  const file = fileName(name, version.replace(/^\d+:/, ''), architecture);
  // What the old package says of itself may be anything, also a way out of the folder.
  if (!/^[A-Za-z0-9][\w.+~^:-]*$/.test(file))
    throw new ScenarioError(
      'feed-name',
      `${fileOf(make)}: no file can have the name ${JSON.stringify(file)}`,
      {
        hint: "see the package's own name, version and architecture",
      },
    );
  if (make.kind === 'edited') return posix.join(make.source.feed, posix.dirname(make.source.path), file);
  const like = packages.find(({ about }) => about.architecture === architecture);
  if (like !== undefined) return posix.join(like.feed, posix.dirname(like.path), file);
  if (architecture !== everywhere) {
    const known = [...new Set(packages.map(({ about }) => about.architecture))].sort();
    const meant = didYouMean(architecture, known) || `; expected one of ${known.join(', ')}`;
    faults.push({
      path: ['packages', name, 'add', 'architecture'],
      message: `no package of the feed has the architecture ${JSON.stringify(architecture)}${meant}`,
    });
  }
  const hasFolders = deploy || packages.some(({ path }) => path.includes('/'));
  return posix.join(hasFolders ? everywhere : '', file);
}
