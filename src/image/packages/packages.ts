import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../../core/digest.ts';
import { HarnessError } from '../../core/errors.ts';
import { usedNow } from '../../core/files.ts';
import { hold } from '../../core/holds.ts';
import { makeFolders } from '../../core/make-folders.ts';
import { temporaryPath } from '../../core/process-tag.ts';
import { removeStale } from '../../core/temporary.ts';
import { exclusively } from '../exclusive.ts';
import { AptRoot, type IndexedPackage } from './apt.ts';
import { findMirror } from './apt-sources.ts';
import type { LockedPackage, LockedSet } from './lock.ts';
import { fetchFromSnapshot, snapshotAddress } from './snapshot.ts';

/** What fetching needs to know besides the packages. */
export interface FetchOptions {
  cache: string;
  /** Refuse instead of taking another version than the locked one. */
  frozen: boolean;
  signal?: AbortSignal | undefined;
  /** Told which packages are taken in another version than the locked one: `tzdata 2025a (now 2025b)`. */
  onReplaced: (packages: readonly string[]) => void;
  /** Told why the snapshot archive could not be asked for those. */
  onTrouble?: (trouble: string) => void;
  /** Keys that vouch for the mirror; Debian's where absent. */
  keyring?: string;
}

/** Where a package's file is kept: by its content. */
export function debPath(cache: string, { sha256 }: { sha256: string }): string {
  return join(cache, 'debs', `${sha256}.deb`);
}

/** Whether every package of these sets is in the cache. */
export async function isFetched(sets: readonly LockedSet[], cache: string): Promise<boolean> {
  for (const { packages } of sets) if ((await missing(cache, packages)).length > 0) return false;
  return true;
}

/**
 * Sees to it that every package of the set is in the cache; needs no network if all are. A version that the mirror no
 * longer has is looked for in the snapshot archive, where one is named; else it is replaced by the current one, and told.
 * The set that was really fetched is returned. Throws HarnessError `locked-version-gone` (frozen), `package-changed`,
 * `package-missing` and those of AptRoot and findMirror.
 */
export async function fetchSet(set: LockedSet, options: FetchOptions): Promise<LockedSet> {
  const { cache, signal, keyring } = options;
  if ((await missing(cache, set.packages)).length === 0) return set;
  const name = `${set.suite}-${set.architecture}`;
  return exclusively(join(cache, 'debs', name), signal, async () => {
    const wanted = await missing(cache, set.packages);
    if (wanted.length === 0) return set;
    const archive = { ...set, mirror: await findMirror(), ...(keyring === undefined ? {} : { keyring }) };
    await using apt = await AptRoot.prepare(cache, archive, signal);
    const { versions, unreachable } = await indexed(apt, wanted);
    const gone = wanted.filter((one) => !versions.some((version) => isSameVersion(version, one)));
    const old = await fetchGone(apt, set, gone, options);
    if (unreachable !== undefined && old.size < gone.length) throw unreachable;
    const chosen = wanted
      .filter(({ sha256 }) => !old.has(sha256))
      .map((locked) => chooseVersion(locked, versions, name));
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

/** What the mirror has of these packages; or why it could not be asked, where there is somebody else to ask. */
async function indexed(
  apt: AptRoot,
  wanted: readonly LockedPackage[],
): Promise<{ versions: IndexedPackage[]; unreachable?: Error }> {
  try {
    await apt.update();
  } catch (error) {
    if (snapshotAddress() === undefined || !(error instanceof Error)) throw error;
    return { versions: [], unreachable: error };
  }
  return { versions: await apt.versions(wanted.map((one) => one.name)) };
}

/** Puts into the cache what the snapshot archive still has; returns the SHA-256 of each. */
async function fetchGone(
  apt: AptRoot,
  set: LockedSet,
  gone: readonly LockedPackage[],
  { cache, signal, onTrouble }: FetchOptions,
): Promise<ReadonlySet<string>> {
  const address = snapshotAddress();
  if (address === undefined || gone.length === 0) return new Set();
  return inFetchFolder(cache, async (folder) => {
    const { files, trouble } = await fetchFromSnapshot(address, gone, set, { apt, folder });
    signal?.throwIfAborted();
    for (const file of files) await rename(file.path, debPath(cache, file));
    if (trouble !== undefined) onTrouble?.(trouble);
    return new Set(files.map(({ sha256 }) => sha256));
  });
}

function isSameVersion(one: LockedPackage, other: LockedPackage): boolean {
  return one.name === other.name && one.version === other.version;
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
        hint:
          'BROWNOUT_DEBIAN_SNAPSHOT=https://snapshot.debian.org finds them; or build without --frozen, or make the lock ' +
          'again with: brownout image lock',
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
  await inFetchFolder(cache, async (folder) => {
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
  });
}

/** A folder for what is on its way, which is gone afterwards, at the latest with the next fetching. */
async function inFetchFolder<T>(cache: string, fetch: (folder: string) => Promise<T>): Promise<T> {
  await removeStale(join(cache, 'debs'));
  const folder = temporaryPath(join(cache, 'debs', 'fetch'));
  await makeFolders(folder);
  try {
    return await fetch(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
