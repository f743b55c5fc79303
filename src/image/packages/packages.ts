import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../../core/digest.ts';
import { HarnessError } from '../../core/errors.ts';
import { usedNow } from '../../core/files.ts';
import { hold } from '../../core/holds.ts';
import { temporaryPath } from '../../core/process-tag.ts';
import { removeStale } from '../../core/temporary.ts';
import { exclusively } from '../exclusive.ts';
import { AptRoot, type IndexedPackage } from './apt.ts';
import { findMirror } from './apt-sources.ts';
import type { LockedPackage, LockedSet } from './lock.ts';

/** What fetching needs to know besides the packages. */
export interface FetchOptions {
  cache: string;
  /** Refuse instead of taking another version than the locked one. */
  frozen: boolean;
  signal?: AbortSignal | undefined;
  /** Told which packages are taken in another version than the locked one: `tzdata 2025a (now 2025b)`. */
  onReplaced: (packages: readonly string[]) => void;
}

/** Where a package's file is kept: by its content. */
export function debPath(cache: string, { sha256 }: { sha256: string }): string {
  return join(cache, 'debs', `${sha256}.deb`);
}

/**
 * Sees to it that every package of the set is in the cache. Needs no network if all are. A version that
 * the mirror no longer has is replaced by the current one, and told; the set that was really
 * fetched is returned. Throws HarnessError `locked-version-gone` (frozen), `package-changed`,
 * `package-missing` and those of AptRoot and findMirror.
 */
export async function fetchSet(set: LockedSet, options: FetchOptions): Promise<LockedSet> {
  const { cache, signal } = options;
  if ((await missing(cache, set.packages)).length === 0) return set;
  const name = `${set.suite}-${set.architecture}`;
  return exclusively(join(cache, 'debs', name), signal, async () => {
    const wanted = await missing(cache, set.packages);
    if (wanted.length === 0) return set;
    await using apt = await AptRoot.open(cache, { ...set, mirror: await findMirror() }, signal);
    const versions = await apt.versions(wanted.map((one) => one.name));
    const chosen = wanted.map((locked) => chooseVersion(locked, versions, name));
    const replaced = chosen.filter(({ locked, found }) => locked.version !== found.version);
    if (replaced.length > 0) announce(replaced, name, options);
    await download(
      apt,
      await missing(
        cache,
        chosen.map(({ found }) => found),
      ),
      cache,
    );
    const byName = new Map(chosen.map(({ found }) => [found.name, found]));
    return { ...set, packages: set.packages.map((one) => byName.get(one.name) ?? one) };
  });
}

interface Choice {
  locked: LockedPackage;
  found: IndexedPackage;
}

/** The version to take: the locked one, else the newest. Throws HarnessError `package-changed` or `package-missing`. */
export function chooseVersion(
  locked: LockedPackage,
  versions: readonly IndexedPackage[],
  where: string,
): Choice {
  const same = versions.filter(({ name }) => name === locked.name);
  const exact = same.find(({ version }) => version === locked.version);
  if (exact !== undefined && exact.sha256 !== locked.sha256) {
    throw new HarnessError(
      'package-changed',
      `${locked.name} ${locked.version} of ${where} has SHA-256 ${exact.sha256} on the mirror, the lock says ${locked.sha256}`,
      { hint: 'a version must never change its content: distrust the mirror or the lock' },
    );
  }
  const found = exact ?? same[0];
  if (found !== undefined) return { locked, found };
  throw new HarnessError('package-missing', `the mirror has no package ${locked.name} in ${where}`, {
    hint: 'make the lock again with: brownout image lock',
  });
}

function announce(replaced: readonly Choice[], where: string, { frozen, onReplaced }: FetchOptions): void {
  const list = replaced.map(({ locked, found }) => `${locked.name} ${locked.version} (now ${found.version})`);
  if (frozen) {
    throw new HarnessError(
      'locked-version-gone',
      `the mirror no longer has these locked versions of ${where}: ${list.join(', ')}`,
      {
        hint: 'build without --frozen, or make the lock again with: brownout image lock',
      },
    );
  }
  onReplaced(list);
}

/** Those that are not in the cache; the others stay there while this process lives. */
async function missing<T extends LockedPackage>(cache: string, packages: readonly T[]): Promise<T[]> {
  await hold(
    cache,
    packages.map((one) => debPath(cache, one)),
  );
  const sizes = await Promise.all(packages.map((one) => stat(debPath(cache, one)).catch(() => undefined)));
  const isThere = (one: T) => sizes[packages.indexOf(one)]?.size === one.bytes;
  await Promise.all(packages.filter(isThere).map((one) => usedNow(debPath(cache, one))));
  return packages.filter((one) => !isThere(one));
}

async function download(apt: AptRoot, packages: readonly IndexedPackage[], cache: string): Promise<void> {
  if (packages.length === 0) return;
  await removeStale(join(cache, 'debs'));
  const folder = temporaryPath(join(cache, 'debs', 'fetch'));
  await mkdir(folder, { recursive: true });
  try {
    const expected = new Set(packages.map(({ sha256 }) => sha256));
    for (const path of await apt.download(packages, folder)) {
      const sha256 = await sha256File(path);
      if (!expected.delete(sha256))
        throw new HarnessError('package-changed', `${path} has an unexpected SHA-256 ${sha256}`);
      await rename(path, debPath(cache, { sha256 }));
    }
    if (expected.size > 0)
      throw new HarnessError(
        'package-missing',
        `apt did not deliver ${expected.size} of ${packages.length} packages`,
      );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
