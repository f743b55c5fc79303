import type { ReleaseSpec } from '../model/image.ts';
import { type CheckResult, failed, passed } from './check.ts';
import type { Observation } from './observation.ts';
import type { RunningRelease } from './release.ts';

/** Wrong files that a message names. */
const maxNamed = 3;

/** A release that a system may be on which calls itself by a certain name. */
interface Variant {
  release: string;
  files: Readonly<Record<string, string>>;
}

/**
 * The releases of which a system calls itself `version`, with their files but for the owner's: the one of this name, and
 * those that differ from it in what the system does not tell. None where it has no files.
 */
export function variantsOf(
  releases: Readonly<Record<string, Pick<ReleaseSpec, 'content'>>>,
  version: string,
  owned: readonly string[],
): Variant[] {
  return Object.entries(releases).flatMap(([release, { content }]) => {
    if (content.kind !== 'files' || (content.system ?? release) !== version) return [];
    const files = Object.entries(content.files).filter(([path]) => !owned.includes(path));
    return [{ release, files: Object.fromEntries(files) }];
  });
}

/** What there is to compare a system's files with. */
interface FilesLook {
  hasSlots: boolean;
  /** The releases that it may be by its name. */
  variants: readonly Variant[];
  /** What the device says of these. */
  digests: ReadonlyMap<string, string | undefined>;
  allowed: readonly string[];
}

/** Is the running system wholly, file by file, a release of the name by which it calls itself, and is that one of the `allowed`? */
export function checkFiles(
  { slot, root, version }: Pick<Observation, 'slot' | 'root' | 'version'>,
  { hasSlots, variants, digests, allowed }: FilesLook,
): { running: RunningRelease; result: CheckResult } {
  const broken = { release: undefined, slot };
  const place = slot === undefined ? root : `slot ${slot}`;
  if (hasSlots && slot === undefined)
    return {
      running: broken,
      result: failed('unknown-slot', `the device runs from ${root}, which is no slot of the image`),
    };
  const compared = variants.map(({ release, files }) => ({
    release,
    paths: Object.keys(files),
    wrong: Object.keys(files).filter((path) => digests.get(path) !== files[path]),
  }));
  const [nearest] = compared.sort((one, other) => one.wrong.length - other.wrong.length);
  if (nearest === undefined || nearest.paths.length === 0)
    return {
      running: broken,
      result: failed('release-mixed', `${place} calls itself ${version}, which is no release of the image`),
    };
  const { release, paths, wrong } = nearest;
  if (wrong.length > 0) {
    const named = wrong
      .slice(0, maxNamed)
      .map((path) => `${path} ${digests.get(path) === undefined ? 'is not there' : 'has other content'}`);
    const more = wrong.length > maxNamed ? ` and ${wrong.length - maxNamed} more` : '';
    const whose = release === version ? 'it' : release;
    const what = `${place} calls itself ${version}, but its files are not those of ${whose}: ${named.join(', ')}${more}`;
    return { running: broken, result: failed('release-mixed', what) };
  }
  const running = { release, slot };
  if (!allowed.includes(release))
    return {
      running,
      result: failed(
        'release-unexpected',
        `the device runs ${release} in ${place}; expected ${allowed.join(' or ')}`,
      ),
    };
  return { running, result: passed(`${release} in ${place}, all of ${paths.length} files`) };
}
