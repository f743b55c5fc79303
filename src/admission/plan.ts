import { ScenarioError } from '../core/errors.ts';
import type { MachineName } from '../model/machine.ts';
import type { PackageAdmission } from './admission.ts';
import { harmlessAppendix } from './edits.ts';
import type { PackageFacts, ReadBuild } from './package-facts.ts';

/** What the user says of a package, in place of what would be found out. */
export interface PlanChoices {
  /** What the owner adds to files, by path. */
  edits: ReadonlyMap<string, string>;
  /** Units that must be active; undefined: by the package. */
  units: readonly string[] | undefined;
}

/** What is to be done with a package. */
export interface PackagePlan
  extends Pick<PackageAdmission, 'name' | 'missing' | 'paths' | 'edits' | 'unedited' | 'units' | 'idle'> {
  builds: readonly PackageFacts[];
}

/**
 * What is to be done with a package, from its builds on all machines. `asked` are the releases in question, oldest
 * first; only those that have the package on every machine count. Throws ScenarioError `edit-unknown`.
 */
export function planPackage(
  name: string,
  reads: readonly ReadBuild[],
  { machines, asked }: { machines: readonly MachineName[]; asked: readonly string[] },
  choices: PlanChoices,
): PackagePlan {
  const builds = reads.map(({ facts }) => facts);
  const has = (machine: MachineName, release: string) =>
    builds.some((build) => build.machine === machine && build.release === release);
  const missing = machines.flatMap((machine) =>
    asked.flatMap((release) => (has(machine, release) ? [] : [{ machine, release }])),
  );
  const releases = asked.filter((release) => !missing.some((one) => one.release === release));
  return {
    name,
    builds,
    missing,
    paths: pathsThrough(releases),
    ...planEdits(name, reads, choices.edits),
    ...planUnits(builds, choices.units),
  };
}

/**
 * Paths on which each release is installed on a device that never had the package, and is upgraded to each later one:
 * all in turn, each pair with others between them, and each release alone at which none of these begins.
 */
export function pathsThrough(releases: readonly string[]): string[][] {
  const inTurn = releases.length > 1 ? [[...releases]] : [];
  const skips = releases.flatMap((from, i) => releases.slice(i + 2).map((to) => [from, to]));
  const upgrades = [...inTurn, ...skips];
  const alone = releases.filter((release) => !upgrades.some(([first]) => first === release));
  return [...upgrades, ...alone.map((release) => [release])];
}

function planEdits(
  name: string,
  reads: readonly ReadBuild[],
  given: PlanChoices['edits'],
): Pick<PackagePlan, 'edits' | 'unedited'> {
  const all = [...new Set(reads.flatMap(({ facts }) => facts.conffiles))].sort();
  for (const path of given.keys())
    if (!all.includes(path))
      throw new ScenarioError('edit-unknown', `${path} is no configuration file of ${name}`, {
        hint: all.length === 0 ? 'it has none' : `it has ${all.join(', ')}`,
      });
  const edits: PackagePlan['edits'] = [];
  const unedited: PackagePlan['unedited'] = [];
  for (const path of all) {
    const contents = reads.flatMap(({ conffiles }) => conffiles.get(path) ?? []);
    const [first] = contents;
    const content = given.get(path) ?? (first === undefined ? undefined : harmlessAppendix(first));
    if (contents.length < reads.length) unedited.push({ path, why: 'not in all of these releases' });
    else if (content === undefined) unedited.push({ path, why: 'no text: give an edit with --edit' });
    else edits.push({ path, content });
  }
  return { edits, unedited };
}

function planUnits(
  builds: readonly PackageFacts[],
  given: PlanChoices['units'],
): Pick<PackagePlan, 'units' | 'idle'> {
  const all = builds.flatMap(({ units }) => units);
  const active = new Set(given ?? all.filter((unit) => unit.active).map((unit) => unit.name));
  const idle = new Map(all.filter((unit) => !active.has(unit.name)).map((unit) => [unit.name, unit.why]));
  return {
    units: [...active].sort(),
    idle: [...idle].map(([unit, why]) => ({ unit, why: given === undefined ? why : 'not asked for' })),
  };
}
