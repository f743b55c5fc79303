import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { Holds } from '../core/holds.ts';
import { isProcessGone, ownerOf } from '../core/process-tag.ts';
import { manifestPath } from '../image/manifest.ts';
import { readRecording } from '../recording/kept-recordings.ts';
import { type DiskUse, diskUse } from './disk-use.ts';

/**
 * What a cache is made of. `images`: built images; `steps`: results of a build's steps, from which images are put together;
 * `packages`: Debian's; `recordings`: recorded upgrades, with their boots; `boots`: what earlier runs have booted of a recording; `probes`:
 * whether KVM works; `verdicts`: what cases of the conformance suite, and paths of an admission, came to; `unfinished`: what is being made, and what a killed process has left of that.
 */
export const cacheKinds = [
  'unfinished',
  'boots',
  'probes',
  'steps',
  'packages',
  'images',
  'recordings',
  'verdicts',
] as const;

export type CacheKind = (typeof cacheKinds)[number];

/** One thing that is kept, or taken, as a whole. */
export interface CacheEntry {
  kind: CacheKind;
  /** `rauc-ab/qemuarm64/557ca1914945e033`: its path below the folder of its kind. */
  name: string;
  /** Of a recording: of which scenario, machine and releases. */
  about?: string;
  /** Absolute; what belongs to it comes after it. */
  paths: [string, ...string[]];
  used: Date;
  use: DiskUse;
  /** Tags of the processes that need it. */
  heldBy: string[];
}

/** What an entry is made of, before anybody has looked at the disk. */
type Found = Pick<CacheEntry, 'kind' | 'name' | 'about' | 'paths'>;

/** Everything in a cache that this program has put there, in no order. What goes while one looks is left out. */
export async function cacheEntries(cache: string): Promise<CacheEntry[]> {
  const found = [
    ...(await images(cache)),
    ...(await below(cache, 'steps', 'steps')),
    ...(await below(cache, 'package-lists', 'steps')),
    ...(await below(cache, 'debs', 'packages')),
    ...(await recordings(cache)),
    ...(await below(cache, 'accelerator', 'probes')),
    ...(await below(cache, 'verdicts', 'verdicts')),
    ...(await below(cache, 'apt', 'unfinished')),
    ...(await work(cache)),
  ];
  const holds = await Holds.of(cache);
  const entries: CacheEntry[] = [];
  for (const one of found) {
    const { kind, paths } = one;
    const stats = await stat(paths[0]).catch(() => undefined);
    if (stats === undefined) continue;
    const heldBy = kind === 'unfinished' ? makerOf(paths[0], stats.mtimeMs) : holds.by(paths[0]);
    entries.push({ ...one, used: stats.mtime, use: diskUse(paths), heldBy });
  }
  await packagesOfImages(entries);
  recordingsOfBoots(entries);
  return entries;
}

async function images(cache: string): Promise<Found[]> {
  const root = join(cache, 'images');
  const found: Found[] = [];
  for (const name of await names(root))
    for (const machine of await names(join(root, name))) {
      const folder = join(root, name, machine);
      const notes = await replacements(folder);
      for (const key of await names(folder)) {
        const path = join(folder, key);
        if (!key.includes('.')) {
          const own = notes.filter(({ by }) => by === key).map(({ path: note }) => note);
          found.push({ kind: 'images', name: relative(root, path), paths: [path, ...own] });
        } else if (key.endsWith('.tmp')) found.push(unfinished(cache, path));
      }
    }
  return found;
}

/** Notes that an image stands for another one, whose packages are gone. */
async function replacements(folder: string): Promise<{ path: string; by: string }[]> {
  const notes = (await names(folder)).filter((name) => name.endsWith('.replaced.json'));
  return Promise.all(
    notes.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8').catch(() => '');
      return { path: join(folder, name), by: /"key":"([0-9a-f]{16})"/.exec(text)?.[1] ?? '' };
    }),
  );
}

async function recordings(cache: string): Promise<Found[]> {
  const root = join(cache, 'recordings');
  const found: Found[] = [];
  for (const name of await names(root)) {
    const boots = join(root, name, 'boots');
    const judges = (await names(boots)).map((judge): Found => {
      return { kind: 'boots', name: `${name}/${judge}`, paths: [join(boots, judge)] };
    });
    const about = await aboutOf(join(root, name));
    found.push({ kind: 'recordings', name, paths: [join(root, name)], ...about }, ...judges);
  }
  return found;
}

/** One that cannot be read is listed all the same. */
async function aboutOf(folder: string): Promise<{ about?: string }> {
  try {
    const { scenario, inputs, path } = await readRecording(folder);
    return { about: `${scenario.name}, ${inputs.machine}: ${path.releases.join(' -> ')}` };
  } catch {
    return {};
  }
}

async function work(cache: string): Promise<Found[]> {
  const root = join(cache, 'work');
  return (await names(root)).map((name): Found => {
    const path = join(root, name);
    // Releases that devices must not take: made once, by what they are.
    return name === 'wrong-commits' ? { kind: 'steps', name, paths: [path] } : unfinished(cache, path);
  });
}

async function below(cache: string, folder: string, kind: CacheKind): Promise<Found[]> {
  const root = join(cache, folder);
  return (await names(root)).map((name): Found => {
    const path = join(root, name);
    return name.endsWith('.tmp') ? unfinished(cache, path) : { kind, name, paths: [path] };
  });
}

function unfinished(cache: string, path: string): Found {
  return { kind: 'unfinished', name: relative(cache, path), paths: [path] };
}

/** The process that is making it, if it lives. A name without a process is an older program's: its age tells. */
function makerOf(path: string, modifiedMs: number): string[] {
  const name = basename(path);
  const tag = ownerOf(name) ?? /^[0-9a-f]{8}-\d+(?=-)/.exec(name)?.[0] ?? '';
  return isProcessGone(tag, modifiedMs) ? [] : [tag === '' ? 'somebody' : tag];
}

/** Packages are used as long as an image that is made of them is. */
async function packagesOfImages(entries: readonly CacheEntry[]): Promise<void> {
  const packages = new Map(entries.filter(({ kind }) => kind === 'packages').map((one) => [one.name, one]));
  for (const { kind, paths, used } of entries) {
    if (kind !== 'images') continue;
    const manifest = await readFile(manifestPath(paths[0]), 'utf8').catch(() => '');
    for (const [, digest = ''] of manifest.matchAll(/"sha256": "([0-9a-f]{64})"/g)) {
      const made = packages.get(`${digest}.deb`);
      if (made !== undefined && made.used < used) made.used = used;
    }
  }
}

/** A recording is used when boots of it are kept. */
function recordingsOfBoots(entries: readonly CacheEntry[]): void {
  const byName = new Map(entries.filter(({ kind }) => kind === 'recordings').map((one) => [one.name, one]));
  for (const { kind, name, used } of entries) {
    const recording = kind === 'boots' ? byName.get(name.split('/')[0] ?? '') : undefined;
    if (recording !== undefined && recording.used < used) recording.used = used;
  }
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
