import { isDeepStrictEqual } from 'node:util';
import {
  type InstalledPackage,
  type SoftwareAspect,
  type SoftwareChange,
  type SoftwareDiff,
  softwareChangeKinds,
} from '../model/software.ts';

/** Which of two versions is the newer, as in `sort`: the package system's own comparison. */
export type CompareVersions = (a: string, b: string) => number;

/**
 * What became of each package. A package is the same one by its name and architecture, or by its name alone where it
 * changed its architecture; of several versions that are installed at once (rpm's kernels) those that stay are as
 * before, and the others are matched from the oldest on.
 */
export function diffSoftware(
  before: readonly InstalledPackage[],
  after: readonly InstalledPackage[],
  compare: CompareVersions,
): SoftwareDiff {
  const [old, fresh] = [byName(before), byName(after)];
  const changes: SoftwareChange[] = [];
  let unchanged = 0;
  for (const name of new Set([...old.keys(), ...fresh.keys()])) {
    for (const pair of matched(old.get(name) ?? [], fresh.get(name) ?? [], compare)) {
      const change = changeOf(name, pair, compare);
      if (change === undefined) unchanged += 1;
      else changes.push(change);
    }
  }
  const rank = ({ kind }: SoftwareChange) => softwareChangeKinds.indexOf(kind);
  // Stable: of one name, in the order of versions.
  changes.sort((a, b) => rank(a) - rank(b) || byText(a.name, b.name));
  return { changes, unchanged };
}

type Pair = [before: InstalledPackage | undefined, after: InstalledPackage | undefined];

function byName(packages: readonly InstalledPackage[]): Map<string, InstalledPackage[]> {
  const found = new Map<string, InstalledPackage[]>();
  for (const one of packages) {
    const others = found.get(one.name);
    if (others === undefined) found.set(one.name, [one]);
    // An exact double is the same package again.
    else if (!others.some((other) => isDeepStrictEqual(one, other))) others.push(one);
  }
  return found;
}

/** Same version and architecture first, then same architecture, then the rest. */
function matched(
  before: readonly InstalledPackage[],
  after: readonly InstalledPackage[],
  compare: CompareVersions,
): Pair[] {
  const oldest = (a: InstalledPackage, b: InstalledPackage) => compare(a.version, b.version);
  const left = [...before].sort(oldest);
  const right = [...after].sort(oldest);
  const pairs: Pair[] = [];
  const rules: ((a: InstalledPackage, b: InstalledPackage) => boolean)[] = [
    (a, b) => a.version === b.version && a.architecture === b.architecture,
    (a, b) => a.architecture === b.architecture,
    () => true,
  ];
  for (const isSame of rules) {
    for (const one of [...left]) {
      const index = right.findIndex((other) => isSame(one, other));
      if (index < 0) continue;
      pairs.push([one, right[index]]);
      right.splice(index, 1);
      left.splice(left.indexOf(one), 1);
    }
  }
  return [
    ...pairs,
    ...left.map((one): Pair => [one, undefined]),
    ...right.map((one): Pair => [undefined, one]),
  ];
}

function changeOf(name: string, [before, after]: Pair, compare: CompareVersions): SoftwareChange | undefined {
  if (before === undefined || after === undefined) {
    if (after !== undefined) return { kind: 'added', name, after, differs: [] };
    return before === undefined ? undefined : { kind: 'removed', name, before, differs: [] };
  }
  const differs = differences(before, after);
  if (differs.length === 0) return undefined;
  const order = compare(before.version, after.version);
  const isRebuilt = differs.includes('version') || differs.includes('checksum');
  const kind = order < 0 ? 'upgraded' : order > 0 ? 'downgraded' : isRebuilt ? 'rebuilt' : 'altered';
  return { kind, name, before, after, differs };
}

function differences(before: InstalledPackage, after: InstalledPackage): SoftwareAspect[] {
  const found: SoftwareAspect[] = [];
  if (before.version !== after.version) found.push('version');
  if (before.architecture !== after.architecture) found.push('architecture');
  // A package that nobody installed again is the same, whatever a later feed has under its version.
  if (!isUntouched(before, after)) {
    if (otherLicence(before, after)) found.push('licence');
    if (otherDigest(before, after)) found.push('checksum');
  }
  if (before.state !== after.state) found.push('state');
  return found;
}

function isUntouched(before: InstalledPackage, after: InstalledPackage): boolean {
  return (
    before.installedAt !== undefined &&
    before.installedAt === after.installedAt &&
    before.version === after.version
  );
}

function otherLicence({ licence: a }: InstalledPackage, { licence: b }: InstalledPackage): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

function otherDigest({ digest: a }: InstalledPackage, { digest: b }: InstalledPackage): boolean {
  if (a === undefined || b === undefined || a.of !== b.of || a.algorithm !== b.algorithm) return false;
  return a.value !== b.value;
}

function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
