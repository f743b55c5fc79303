import type { AgentSource, ChosenAgent } from '../agents/agent.ts';
import { nearest } from '../document/suggest.ts';
import type { DescribedImage, DescribedOffer } from '../image/described.ts';
import type { MachineName } from '../model/machine.ts';

/** What an agent does not find in an image, and the code of that. */
export interface DescribedLack {
  code: 'unknown-bundle' | 'unknown-feed' | 'agent-unsupported';
  message: string;
}

/** What releases a device is given on its way. */
export interface AskedOfImage {
  machine: MachineName;
  agent: Pick<ChosenAgent, 'name' | 'source' | 'needs'>;
  releases: readonly string[];
}

/**
 * Why devices with an image cannot be upgraded by an agent, as far as the image's description tells it; undefined where
 * nothing speaks against it. `image` is what messages call it.
 */
export async function describedLack(
  image: string,
  described: DescribedImage,
  { machine, agent, releases }: AskedOfImage,
): Promise<DescribedLack | undefined> {
  for (const program of agent.needs)
    if (await described.lacks(program))
      return {
        code: 'agent-unsupported',
        message: `${agent.name} needs ${program}, which devices with image ${image} do not have`,
      };
  for (const release of releases) {
    const offer = described.offerOn(machine, release);
    const lack = offer === undefined ? undefined : offerLack(agent.source, offer);
    if (lack !== undefined)
      return {
        ...lack,
        message: `${agent.name} takes releases from ${lack.message}, and image ${image} offers ${release} as ${offeredText(offer)}${slipText(agent.source, offer)}`,
      };
  }
  return undefined;
}

/** What an agent takes releases from, where a release is not offered so. */
function offerLack(source: AgentSource, offer: DescribedOffer): DescribedLack | undefined {
  const { bundles, feed, repository, files } = offer;
  switch (source.kind) {
    case 'bundle':
      return bundles.includes(source.format)
        ? undefined
        : { code: 'unknown-bundle', message: `a ${source.format} bundle` };
    case 'feed':
      return feed === source.format || feed === 'unread'
        ? undefined
        : { code: 'unknown-feed', message: `a feed of ${source.format} packages` };
    case 'files':
      return files ? undefined : { code: 'unknown-feed', message: 'several files below one address' };
    case 'repository':
      if ('by' in source)
        return repository?.ordered === true
          ? undefined
          : { code: 'unknown-feed', message: 'commits that a server orders' };
      if (repository?.branch === source.branch && (source.deltas !== true || repository.deltas))
        return undefined;
      return {
        code: 'unknown-feed',
        message: `${source.deltas === true ? 'static deltas of ' : ''}the branch ${source.branch} of an OSTree repository`,
      };
  }
}

/** Where a bundle is called nearly as the agent would have it. */
function slipText(source: AgentSource, offer: DescribedOffer | undefined): string {
  if (source.kind !== 'bundle') return '';
  const near = nearest(source.format, offer?.bundles ?? []);
  return near === undefined ? '' : `; is ${JSON.stringify(near)} to be ${JSON.stringify(source.format)}?`;
}

function offeredText(offer: DescribedOffer | undefined): string {
  const { bundles = [], feed, repository, files = false } = offer ?? {};
  const deltas = repository?.deltas === true ? 'with' : 'without';
  const texts = [
    ...(bundles.length === 0 ? [] : [`a bundle (${bundles.join(', ')})`]),
    ...(feed === undefined ? [] : [feed === 'unread' ? 'a feed' : `a feed of ${feed} packages`]),
    ...(repository === undefined
      ? []
      : [`the branch ${repository.branch} of OSTree, ${deltas} static deltas`]),
    ...(files ? ['several files'] : []),
  ];
  return texts.length === 0 ? 'nothing that is installed' : texts.join(' and ');
}
