import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { sha256File } from '../../core/digest.ts';
import { formats } from '../../derive/formats.ts';
import { readSource } from '../../derive/source.ts';
import type { FileRef, PackageContents, PackagedPath } from '../../model/image.ts';
import type { PackageFile, PackageFormat } from '../../package/package-format.ts';
import type { PackagedFile } from '../../package/packaged-file.ts';
import { listFiles } from '../../package/packaged-files.ts';

/** A package of a release, and what it installs. */
export interface ReleasePackage {
  about: PackageFile;
  /** The package itself. */
  file: string;
  contents: PackageContents;
}

/** The same, with its files and their contents. */
export interface UnpackedPackage extends ReleasePackage {
  files: PackagedFile[];
}

/** What packages install that were read before, by their SHA-256: most are the same in one release and the next. */
export type KnownPackages = Map<string, Pick<PackageContents, 'files' | 'paths'>>;

/** All packages of a release's feed; `known` is added to. Throws what reading packages throws. */
export async function packagesOf(
  feed: string,
  format: PackageFormat,
  known: KnownPackages = new Map(),
  signal?: AbortSignal,
): Promise<ReleasePackage[]> {
  const { packages } = await readSource(feed, format, signal);
  const found: ReleasePackage[] = [];
  for (const { about, file } of packages) {
    const key = await sha256File(file);
    const listed = known.get(key) ?? (await listedIn(file, signal));
    known.set(key, listed);
    const { name, version, architecture, conffiles } = about;
    found.push({
      about,
      file,
      contents: {
        name,
        version,
        architecture,
        path: relative(feed, file),
        ...listed,
        // An rpm has a word before those whose edited file stays.
        conffiles: conffiles.map((line) => line.replace(/^noreplace /, '')),
      },
    });
  }
  return found;
}

async function listedIn(
  file: string,
  signal?: AbortSignal,
): Promise<Pick<PackageContents, 'files' | 'paths'>> {
  const files = await listFiles(file, { digests: true, ...(signal && { signal }) });
  return {
    files: files.flatMap(({ path, sha256 }) => (sha256 === undefined ? [] : [{ path, sha256 }])),
    paths: files.flatMap(packagedPath),
  };
}

const kinds: Readonly<Partial<Record<PackagedFile['type'], PackagedPath['kind']>>> = {
  file: 'file',
  link: 'file',
  directory: 'folder',
  symlink: 'link',
};

/** What a package says of a path; nothing of the root, nor of what it does not bring (`%ghost`). */
function packagedPath({ path, type, mode, uid, gid, user, group, target }: PackagedFile): PackagedPath[] {
  if (type === 'ghost' || path === '/') return [];
  const kind = kinds[type] ?? 'other';
  const ids = uid === undefined || gid === undefined ? undefined : `${uid}:${gid}`;
  const names = user === undefined || group === undefined ? undefined : `${user}:${group}`;
  return [
    {
      path,
      kind,
      mode,
      owner: names ?? ids ?? 'root:root',
      ...(names === undefined || ids === undefined || names === 'root:root' ? {} : { ids }),
      ...(kind === 'link' && target !== undefined ? { target } : {}),
    },
  ];
}

/** Reads the contents of all files of packages. Throws what reading packages throws. */
export async function unpacked(
  packages: readonly ReleasePackage[],
  signal?: AbortSignal,
): Promise<UnpackedPackage[]> {
  const found: UnpackedPackage[] = [];
  for (const one of packages)
    found.push({ ...one, files: await listFiles(one.file, { contents: 'all', ...(signal && { signal }) }) });
  return found;
}

/** Of each name the newest on offer, which is what a device gets. */
export function newestOf(packages: readonly ReleasePackage[], format: PackageFormat): ReleasePackage[] {
  const { compare } = formats[format];
  const newest = new Map<string, string>();
  for (const { about } of packages) {
    const known = newest.get(about.name);
    if (known === undefined || compare(about.version, known) > 0) newest.set(about.name, about.version);
  }
  return packages.filter(({ about }) => newest.get(about.name) === about.version);
}

/** Every file of a feed by its path there; each is found at the same path below `at` of the image. */
export async function filesOf(feed: string, at: string): Promise<Record<string, FileRef>> {
  const found: Record<string, FileRef> = {};
  for (const entry of (await readdir(feed, { recursive: true })).sort()) {
    const path = join(feed, entry);
    const facts = await stat(path);
    if (facts.isFile())
      found[entry] = { path: `${at}/${entry}`, sha256: await sha256File(path), bytes: facts.size };
  }
  return found;
}
