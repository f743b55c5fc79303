import type { AgentSource } from '../agents/agent.ts';
import type { Wrong, WrongBundle } from '../image/wrong-bundle.ts';
import type { WrongCommit, WrongOffer } from '../image/wrong-release.ts';
import type { ReleaseSpec } from '../model/image.ts';
import type { DeviceCase } from './conformance-case.ts';
import type { Cast } from './roles.ts';

/** Makes what is wrong of a release of the image's; or says why there is none. */
export type MakeWrong = (wanted: WrongBundle | WrongCommit) => Promise<WrongOffer | string>;

/** What a wrong release is called, beside those of the image. */
export function wrongName(release: string, wrong: Wrong): string {
  return `${release}-${wrong.replaceAll(' ', '-')}`;
}

/** What is offered to an agent, of which a case may want more. */
interface Offering {
  agent: { source: AgentSource };
  manifest: { releases: Record<string, ReleaseSpec> };
}

/**
 * A context whose image has the wrong releases that a case installs besides, each as a release of its own. Returns in words
 * why one of them cannot be made.
 */
export async function withWrongReleases<Context extends Offering>(
  context: Context,
  { actions }: Pick<DeviceCase, 'actions'>,
  cast: Cast,
  make: MakeWrong,
): Promise<Context | string> {
  const { source } = context.agent;
  const releases: Record<string, ReleaseSpec> = {};
  for (const action of actions) {
    if (action.do !== 'install' || action.wrong === undefined) continue;
    const { wrong } = action;
    const release = cast[action.release] ?? '';
    if ('deltas' in source)
      return 'a static delta has the signature of its commit in it, and none is made here that has another';
    const from =
      source.kind === 'bundle'
        ? { format: source.format }
        : 'branch' in source
          ? { branch: source.branch }
          : undefined;
    if (from === undefined) return 'the agent takes no release of which a part could be wrong';
    const made = await make({ release, wrong, ...from });
    if (typeof made === 'string') return made;
    const version = wrongName(release, wrong);
    releases[version] = { version, content: { kind: 'unknown' }, ...made };
  }
  const { manifest } = context;
  return { ...context, manifest: { ...manifest, releases: { ...manifest.releases, ...releases } } };
}
