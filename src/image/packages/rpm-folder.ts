import { readdir } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { HarnessError } from '../../core/errors.ts';
import { formats } from '../../derive/formats.ts';
import { machineNames, machines } from '../../model/machine.ts';
import type { NewTarEntry } from '../../package/archive/tar.ts';
import { fieldValue } from '../../package/control/stanza.ts';
import { readPackage } from '../../package/package-file.ts';
import type { ControlPackage } from '../../package/package-format.ts';
import type { PackagedFile } from '../../package/packaged-file.ts';
import { listFiles } from '../../package/packaged-files.ts';
import { evrOf, type RpmLabels, type RpmRelation, relationsOfAll } from '../../package/rpm/labels.ts';
import { writeRpm } from '../../package/rpm/write-rpm.ts';
import type { BuildCache } from '../build-cache.ts';
import { unneeded } from './unpack.ts';

/** What rpm calls Debian's architectures. */
const architectures: Readonly<Record<string, string>> = {
  all: 'noarch',
  ...Object.fromEntries(
    machineNames.map((name) => [machines[name].architecture.debian, machines[name].architecture.rpm]),
  ),
};

/**
 * The folder with an rpm for each deb of a folder: the same files but for documentation, conffiles as plain `%config`, and
 * what it depends on among them, without versions. Maintainer scripts are left out: they are for Debian's tools.
 * `seconds`: when the rpms are built, since 1970. Throws what reading and writing packages throws.
 */
export async function rpmFolder(
  debs: string,
  seconds: number,
  build: BuildCache,
  signal?: AbortSignal,
): Promise<string> {
  // The folder is a part of the build, whose name stands for what is in it.
  return build.run('rpms', { version: 1, debs: basename(debs), seconds, unneeded }, async (out) => {
    const paths = (await readdir(debs)).sort().map((name) => join(debs, name));
    const abouts = new Map<string, ControlPackage>();
    for (const path of paths) abouts.set(path, await readDeb(path, signal));
    const names = new Set([...abouts.values()].map(({ name }) => name));
    for (const [path, about] of abouts) {
      const files = await listFiles(path, { contents: 'all', ...(signal && { signal }) });
      const kept = rpmEntries(files.filter(({ path }) => !isUnneeded(path)));
      const labels = rpmLabels(about, names);
      const { name, architecture } = labels;
      const version = evrOf(labels).replace(/^\d+:/, '');
      await writeRpm(
        join(out, formats.rpm.fileName(name, version, architecture)),
        { labels, conffiles: about.conffiles, files: kept },
        { seconds },
      );
    }
  });
}

async function readDeb(path: string, signal?: AbortSignal): Promise<ControlPackage> {
  const about = await readPackage(path, signal);
  if (about.format !== 'rpm') return about;
  throw new HarnessError('not-a-deb', `${path} is no Debian package`);
}

function isUnneeded(path: string): boolean {
  return unneeded.some((folder) => path === `/${folder}` || path.startsWith(`/${folder}/`));
}

/** What an rpm made of this Debian package says of itself; it requires those of `among` that the package depends on. */
export function rpmLabels(
  { name, version, architecture, control }: ControlPackage,
  among: ReadonlySet<string>,
): RpmLabels {
  const needed = ['Pre-Depends', 'Depends'].flatMap((field) =>
    alternatives(fieldValue(control, field) ?? '').flatMap(
      (choices) => choices.find((choice) => among.has(choice)) ?? [],
    ),
  );
  const requires = [...new Set(needed)].map((one): RpmRelation => ({ name: one, flags: 0, version: '' }));
  const [summary = name] = (fieldValue(control, 'Description') ?? name).split('\n');
  return {
    name,
    ...rpmVersion(version),
    architecture: architectures[architecture] ?? architecture,
    relations: relationsOfAll((kind) => (kind === 'requires' ? requires : [])),
    texts: { summary, description: summary, license: 'unknown' },
  };
}

/** A Debian version in rpm's parts: the revision is the release, and the version has no `-`, which rpm does not allow. */
function rpmVersion(text: string): Pick<RpmLabels, 'epoch' | 'version' | 'release'> {
  const [, epoch, rest = text] = /^(\d+):(.*)$/s.exec(text) ?? [];
  const dash = rest.lastIndexOf('-');
  const [version, release] = dash < 0 ? [rest, '1'] : [rest.slice(0, dash), rest.slice(dash + 1)];
  return {
    ...(epoch === undefined ? {} : { epoch: Number(epoch) }),
    version: version.replaceAll('-', '.'),
    release,
  };
}

/** The names of each relation: `a (>= 1) | b:any, c` (deb-control(5)). */
function alternatives(relations: string): string[][] {
  return relations
    .split(',')
    .map((one) => one.split('|').flatMap((choice) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(choice)?.[1] ?? []));
}

/** What of a deb's files an rpm has: no folders, which come with what is in them, and no hard links. */
export function rpmEntries(files: readonly PackagedFile[]): NewTarEntry[] {
  const contents = new Map(files.map(({ path, content }) => [path, content]));
  return files.flatMap(({ path, type, mode, target = '', content: own }): NewTarEntry[] => {
    if (type === 'symlink') return [{ path, type, target }];
    const content = type === 'link' ? contents.get(posix.join('/', target)) : own;
    return content === undefined ? [] : [{ path, type: 'file', mode, content }];
  });
}
