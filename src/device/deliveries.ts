import type { AgentSource } from '../agents/agent.ts';
import type { ImageManifest } from '../model/image.ts';
import { bundleDelivery } from './deliver-bundle.ts';
import { feedDelivery } from './deliver-feed.ts';
import { filesDelivery } from './deliver-files.ts';
import { broughtBy, orderedDelivery, repositoryDelivery } from './deliver-repository.ts';
import type { Delivery, Offer } from './delivery.ts';

/** How releases reach an agent: the one place that tells kinds of sources apart. */
export function deliveryTo({ source }: { source: AgentSource }): Delivery {
  switch (source.kind) {
    case 'bundle':
      return bundleDelivery(source.format);
    case 'feed':
      return feedDelivery(source.format);
    case 'files':
      return filesDelivery;
    case 'repository':
      return 'by' in source ? orderedDelivery : repositoryDelivery(source);
  }
}

/** What an image offers of a release; nothing of one that it does not have. */
export function offerOf({ releases }: Pick<ImageManifest, 'releases'>, version: string): Offer {
  const release = releases[version];
  if (release === undefined) return { version, bundles: {} };
  return { ...release, brought: broughtBy(release, Object.values(releases)) };
}
