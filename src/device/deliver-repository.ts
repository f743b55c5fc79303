import type { ReleaseSpec } from '../model/image.ts';
import { feedPath } from './deliver-feed.ts';
import type { Delivery } from './delivery.ts';

const objects = /^objects\/.*\.filez$/;

/**
 * The contents that a release has brought into its repository: those that no other release has whose contents are all in this
 * one's, which is how a repository grows.
 */
export function broughtBy(
  { version, feed = {} }: Pick<ReleaseSpec, 'version' | 'feed'>,
  releases: readonly Pick<ReleaseSpec, 'version' | 'feed'>[],
): string[] {
  const own = contentsOf(feed);
  const known = new Set<string>();
  for (const other of releases) {
    const theirs = contentsOf(other.feed ?? {});
    const isBefore = theirs.length < own.length && theirs.every((path) => path in feed);
    if (other.version !== version && isBefore) for (const path of theirs) known.add(path);
  }
  return own.filter((path) => !known.has(path));
}

function contentsOf(feed: NonNullable<ReleaseSpec['feed']>): string[] {
  return Object.keys(feed).filter((path) => objects.test(path));
}

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
    // A branch is 65 bytes; what can be cut short or wrong in its midst is a content.
    faultable: ({ version, feed = {}, brought = [] }) => {
      const largest = [...brought].sort((a, b) => (feed[b]?.bytes ?? 0) - (feed[a]?.bytes ?? 0))[0];
      const path = largest ?? ref;
      const about =
        largest === undefined ? `the branch ${branch} of ${version}` : `the largest content of ${version}`;
      const at = `${feedPath(version).slice(1)}/${path}`;
      return feed[path] === undefined
        ? []
        : [{ path: at, what: about, inFull: about, bytes: feed[path].bytes }];
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
