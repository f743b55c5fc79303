import { feedPath } from './deliver-feed.ts';
import type { Delivery } from './delivery.ts';

/** Releases that are commits of an OSTree repository, each served as it was when that release was its newest. */
export function repositoryDelivery(branch: string): Delivery {
  const ref = `refs/heads/${branch}`;
  return {
    lack: ({ feed = {} }, agent) =>
      feed[ref] === undefined
        ? {
            code: 'unknown-feed',
            message: `has no OSTree repository with the branch ${branch}, from which ${agent} pulls`,
          }
        : undefined,
    files: ({ feed = {} }) => Object.values(feed),
    source: ({ version }) => ({ path: feedPath(version), folders: [], packages: [] }),
    faultable: ({ version, feed = {} }) => {
      const [at, about] = [`${feedPath(version).slice(1)}/${ref}`, `the branch ${branch} of ${version}`];
      return feed[ref] === undefined
        ? []
        : [{ path: at, what: about, inFull: about, bytes: feed[ref].bytes }];
    },
  };
}

/** Releases that a server orders in parts: it names commits of their repository. */
export const orderedDelivery: Delivery = {
  lack: ({ module }, agent) =>
    module === undefined
      ? { code: 'unknown-feed', message: `has no commit that a server could order ${agent} to install` }
      : undefined,
  files: ({ feed = {} }) => Object.values(feed),
  source: ({ version }) => ({ path: feedPath(version), folders: [], packages: [] }),
  faultable: ({ version, feed = {}, module }) => {
    if (module === undefined) return [];
    const about = `the commit of ${module.name} in ${version}`;
    const path = `${feedPath(version).slice(1)}/${module.path}`;
    return [{ path, what: about, inFull: about, bytes: feed[module.path]?.bytes ?? 0 }];
  },
};
