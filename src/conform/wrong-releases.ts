import type { RunContext } from '../device/run-context.ts';
import type { Wrong, WrongBundle } from '../image/wrong-bundle.ts';
import type { FileRef, ReleaseSpec } from '../model/image.ts';
import type { DeviceCase } from './conformance-case.ts';
import type { Cast } from './roles.ts';

/** Makes a wrong bundle of the image's; or says why there is none. */
export type MakeWrong = (wanted: WrongBundle) => Promise<FileRef | string>;

/** What a release with a wrong bundle is called, beside those of the image. */
export function wrongName(release: string, wrong: Wrong): string {
  return `${release}-${wrong.replaceAll(' ', '-')}`;
}

/**
 * A context whose image has the wrong bundles that a case installs besides, each as a release of its own. Returns in words
 * why one of them cannot be made.
 */
export async function withWrongReleases(
  context: RunContext,
  { actions }: Pick<DeviceCase, 'actions'>,
  cast: Cast,
  make: MakeWrong,
): Promise<RunContext | string> {
  const { source } = context.agent;
  const releases: Record<string, ReleaseSpec> = {};
  for (const action of actions) {
    if (action.do !== 'install' || action.wrong === undefined) continue;
    if (source.kind !== 'bundle') return 'the agent takes no bundle that could be wrong';
    const { wrong } = action;
    const release = cast[action.release] ?? '';
    const made = await make({ release, format: source.format, wrong });
    if (typeof made === 'string') return made;
    const version = wrongName(release, wrong);
    releases[version] = { version, content: { kind: 'unknown' }, bundles: { [source.format]: made } };
  }
  const { manifest } = context;
  return { ...context, manifest: { ...manifest, releases: { ...manifest.releases, ...releases } } };
}
