import { keysOf } from '../core/keys.ts';
import { feedPath } from './deliver-feed.ts';
import type { Delivery } from './delivery.ts';

/** Releases that are several files below one address, of which devices pull those that they want. */
export const filesDelivery: Delivery = {
  lack: ({ feed = {} }, agent) =>
    keysOf(feed).length === 0
      ? { code: 'unknown-feed', message: `has no files that ${agent} could pull` }
      : undefined,
  files: ({ feed = {} }) => Object.values(feed),
  source: ({ version }) => ({ path: feedPath(version), folders: [], packages: [] }),
  faultable: ({ version, feed = {} }) =>
    Object.entries(feed)
      .sort(([, one], [, other]) => other.bytes - one.bytes)
      .map(([name, { bytes }]) => ({
        path: `${feedPath(version).slice(1)}/${name}`,
        what: `${name} of ${version}`,
        inFull: `the file ${name} of ${version}`,
        bytes,
      })),
};
