import type { ReleaseSpec } from '../model/image.ts';
import { type CheckResult, failed, passed } from './check.ts';
import type { Observation } from './observation.ts';
import type { RunningRelease } from './release.ts';

/** Wrong files that a message names. */
const maxNamed = 3;

/** The files by which a system shows that it is on a release, without those that are the owner's; none where it has none. */
export function filesOf(
  release: Pick<ReleaseSpec, 'content'> | undefined,
  owned: readonly string[],
): Record<string, string> {
  if (release?.content.kind !== 'files') return {};
  return Object.fromEntries(Object.entries(release.content.files).filter(([path]) => !owned.includes(path)));
}

/** What there is to compare a system's files with. */
interface FilesLook {
  hasSlots: boolean;
  /** Of the release that the system calls itself. */
  expected: Readonly<Record<string, string>>;
  /** What the device says of these. */
  digests: ReadonlyMap<string, string | undefined>;
  allowed: readonly string[];
}

/** Is the running system wholly, file by file, the release that it calls itself, and is that one of the `allowed`? */
export function checkFiles(
  { slot, root, version }: Pick<Observation, 'slot' | 'root' | 'version'>,
  { hasSlots, expected, digests, allowed }: FilesLook,
): { running: RunningRelease; result: CheckResult } {
  const broken = { release: undefined, slot };
  const place = slot === undefined ? root : `slot ${slot}`;
  if (hasSlots && slot === undefined)
    return {
      running: broken,
      result: failed('unknown-slot', `the device runs from ${root}, which is no slot of the image`),
    };
  const paths = Object.keys(expected);
  if (paths.length === 0)
    return {
      running: broken,
      result: failed('release-mixed', `${place} calls itself ${version}, which is no release of the image`),
    };
  const wrong = paths.filter((path) => digests.get(path) !== expected[path]);
  if (wrong.length > 0) {
    const named = wrong
      .slice(0, maxNamed)
      .map((path) => `${path} ${digests.get(path) === undefined ? 'is not there' : 'has other content'}`);
    const more = wrong.length > maxNamed ? ` and ${wrong.length - maxNamed} more` : '';
    const what = `${place} calls itself ${version}, but its files are not those of it: ${named.join(', ')}${more}`;
    return { running: broken, result: failed('release-mixed', what) };
  }
  const running = { release: version, slot };
  if (!allowed.includes(version))
    return {
      running,
      result: failed(
        'release-unexpected',
        `the device runs ${version} in ${place}; expected ${allowed.join(' or ')}`,
      ),
    };
  return { running, result: passed(`${version} in ${place}, all of ${paths.length} files`) };
}
