import { HarnessError, ScenarioError } from '../../core/errors.ts';
import type { PackageSet, PackagesAlone } from '../description.ts';
import { AptRoot } from './apt.ts';
import { findMirror } from './apt-sources.ts';
import type { LockedSet } from './lock.ts';

/** Package indexes, fetched once for each suite and architecture. Dispose them. */
export class Indexes implements AsyncDisposable {
  private readonly cache: string;
  private readonly signal: AbortSignal | undefined;
  private readonly roots = new Map<string, AptRoot>();

  constructor(cache: string, signal?: AbortSignal) {
    this.cache = cache;
    this.signal = signal;
  }

  async open(suite: string, architecture: string, checkValidUntil?: false): Promise<AptRoot> {
    const name = `${suite}-${architecture}-${checkValidUntil ?? true}`;
    const archive = { mirror: await findMirror(), suite, architecture, checkValidUntil };
    const root = this.roots.get(name) ?? (await AptRoot.open(this.cache, archive, this.signal));
    this.roots.set(name, root);
    return root;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const root of this.roots.values()) await root[Symbol.asyncDispose]();
  }
}

/**
 * Exact versions and digests of what a package set stands for today, from Debian's signed indexes.
 * Throws ScenarioError `package-unneeded` when a package to leave out is not among them anyway, HarnessError
 * `package-unknown` when apt has no record of one.
 */
export async function resolveSet(
  { suite, install, without }: PackageSet,
  architecture: LockedSet['architecture'],
  indexes: { open(suite: string, architecture: string): Promise<Pick<AptRoot, 'closure' | 'versions'>> },
): Promise<LockedSet> {
  const apt = await indexes.open(suite, architecture);
  const closure = await apt.closure(install.map((name) => name.replaceAll('{arch}', architecture)));
  const names = closure.map(({ name }) => name);
  const unneeded = without.filter((name) => !names.includes(name));
  if (unneeded.length > 0) {
    throw new ScenarioError(
      'package-unneeded',
      `not needed in ${suite} (${architecture}) anyway: ${unneeded.join(', ')}; take them off "without"`,
    );
  }
  const kept = closure.filter(({ name }) => !without.includes(name));
  const versions = await apt.versions(kept.map(({ name }) => name));
  const packages = kept.map(({ name, version }) => {
    const found = versions.find((one) => one.name === name && one.version === version);
    if (found === undefined)
      throw new HarnessError('package-unknown', `apt names ${name} ${version} but has no record of it`);
    return found;
  });
  packages.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { suite, architecture, packages };
}

/** The same of packages that come without what they need. Throws HarnessError `package-unknown`. */
export async function resolveAlone(
  { suite, install, checkValidUntil }: PackagesAlone,
  architecture: LockedSet['architecture'],
  indexes: {
    open(suite: string, architecture: string, checkValidUntil?: false): Promise<Pick<AptRoot, 'versions'>>;
  },
): Promise<LockedSet> {
  const unchecked = checkValidUntil ? undefined : false;
  const apt = await indexes.open(suite, architecture, unchecked);
  const names = install.map((name) => name.replaceAll('{arch}', architecture)).sort();
  const versions = await apt.versions(names);
  const packages = names.map((name) => {
    const found = versions.find((one) => one.name === name);
    if (found === undefined)
      throw new HarnessError('package-unknown', `${suite} (${architecture}) has no package ${name}`);
    return found;
  });
  return { suite, architecture, ...(unchecked === false ? { checkValidUntil: unchecked } : {}), packages };
}
