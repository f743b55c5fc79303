import { readPackage } from './package-file.ts';
import type { PackageFile } from './package-format.ts';
import type { PackagedFile } from './packaged-file.ts';
import { listFiles } from './packaged-files.ts';

/** What of two builds of a package is not the same. Names and paths are in order. */
export interface ContentDifference {
  /** Installed paths that one of them lacks, or that differ in content, kind, mode, owner or target. Times do not count. */
  paths: string[];
  /** SHA-256 by path of those regular files of the later build that the earlier one does not have with that content. */
  files: Map<string, string>;
  /** Names of maintainer scripts. */
  scripts: string[];
  /** What the package says of itself besides: names of control fields, `conffiles`; of an rpm of its relations. */
  fields: string[];
}

/**
 * Compares two builds of a package by what they do to a device, file by file; undefined where that is the same, whatever
 * the bytes of the package files. Throws as `readPackage` and `listFiles`.
 */
export async function contentDifference(
  earlier: string,
  later: string,
  signal?: AbortSignal,
): Promise<ContentDifference | undefined> {
  const [before, after] = [await read(earlier, signal), await read(later, signal)];
  const paths = unlike(before.paths, after.paths);
  const found: ContentDifference = {
    paths,
    files: new Map(
      paths.flatMap((path) => {
        const sha256 = after.digests.get(path);
        return sha256 === undefined || before.digests.get(path) === sha256 ? [] : [[path, sha256]];
      }),
    ),
    scripts: unlike(before.about.scripts, after.about.scripts),
    fields: unlike(statements(before.about), statements(after.about)),
  };
  return paths.length + found.scripts.length + found.fields.length === 0 ? undefined : found;
}

async function read(file: string, signal: AbortSignal | undefined) {
  const about = await readPackage(file, signal);
  const files = await listFiles(file, { digests: true, ...(signal && { signal }) });
  return {
    about,
    paths: new Map(files.map((one) => [one.path, describe(one)])),
    digests: new Map(
      files.flatMap(({ path, sha256 }) => (sha256 === undefined ? [] : [[path, sha256] as const])),
    ),
  };
}

/** Everything that a device gets to see of a path. */
function describe({ type, mode, uid, gid, user, group, target, sha256 }: PackagedFile): string {
  return JSON.stringify([type, mode, uid, gid, user, group, target, sha256]);
}

/** What a package says of itself, by the name of the field. */
function statements(about: PackageFile): Map<string, string> {
  const own =
    about.format === 'rpm'
      ? Object.entries({ ...about.labels.texts, ...about.labels.relations }).map(
          ([name, value]) => [name, JSON.stringify(value)] as const,
        )
      : about.control.map(({ name, lines }) => [name, lines.join('\n')] as const);
  return new Map([...own, ['conffiles', about.conffiles.join('\n')]]);
}

/** The keys under which two maps do not have the same. */
function unlike(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key)).sort();
}
