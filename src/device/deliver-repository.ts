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

/** A part of a static delta; beside it lies a superblock, which says what it is of. */
const deltaPart = /^deltas\/.*\/\d+$/;

/**
 * Releases that are commits of an OSTree repository, each served as it was when that release was its newest. A fault of the
 * server is in what is large enough to be cut short or wrong in its midst: the release's own contents, or deltas.
 */
export function repositoryDelivery({ branch, deltas }: { branch: string; deltas?: true }): Delivery {
  const ref = `refs/heads/${branch}`;
  return {
    lack: ({ feed = {} }, agent) => {
      const [isThere, what] = deltas
        ? [Object.keys(feed).some((path) => deltaPart.test(path)), 'static deltas of']
        : [feed[ref] !== undefined, 'the branch'];
      return isThere
        ? undefined
        : {
            code: 'unknown-feed',
            message: `has no OSTree repository with ${what} ${branch}, from which ${agent} pulls`,
          };
    },
    files: ({ feed = {} }) => Object.values(feed),
    source: ({ version }) => ({ path: feedPath(version), folders: [], packages: [] }),
    faultable: ({ version, feed = {}, brought = [] }) => {
      const bytesOf = (path: string) => feed[path]?.bytes ?? 0;
      const largestFirst = (paths: readonly string[]) => [...paths].sort((a, b) => bytesOf(b) - bytesOf(a));
      const served = (path: string, about: string) =>
        feed[path] === undefined
          ? []
          : [
              {
                path: `${feedPath(version).slice(1)}/${path}`,
                what: about,
                inFull: about,
                bytes: bytesOf(path),
              },
            ];
      if (deltas)
        return largestFirst(Object.keys(feed).filter((path) => deltaPart.test(path))).flatMap((path) =>
          served(path, `a static delta to ${version}`),
        );
      const [largest] = largestFirst(brought);
      return largest === undefined
        ? served(ref, `the branch ${branch} of ${version}`)
        : served(largest, `the largest content of ${version}`);
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
