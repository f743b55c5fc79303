import { posix } from 'node:path';
import { isIndex } from '../feed/faults.ts';
import { type PackageFormat, packageFormats } from '../package/package-format.ts';
import type { Delivery, Offer, ServedFile } from './delivery.ts';

/** Path of a release's package feed on the server. */
export function feedPath(release: string): string {
  return `/${release}/feed`;
}

/** Releases that are feeds of packages in a format. */
export const feedDelivery = (format: PackageFormat): Delivery => ({
  lack: ({ feed }, agent) => {
    if (feed === undefined)
      return { code: 'unknown-feed', message: `has no package feed, which ${agent} upgrades from` };
    const found = packageFormats.filter((one) => Object.keys(feed).some((path) => path.endsWith(`.${one}`)));
    if (found.length === 0 || found.includes(format)) return undefined;
    return {
      code: 'unknown-feed',
      message: `has a feed of ${found.join(' and ')} packages, and ${agent} upgrades from ${format}`,
    };
  },
  files: ({ feed = {} }) => Object.values(feed),
  source: ({ version, feed = {} }, packages) => ({
    path: feedPath(version),
    folders: Object.keys(feed).flatMap(indexedFolder),
    packages,
  }),
  faultable: (offer, packages) =>
    packages === undefined
      ? Object.keys(offer.feed ?? {})
          .filter(isIndex)
          .map((path) => served(offer, path, `the index ${path} of ${offer.version}`))
          .filter(({ bytes }) => bytes > 0)
          .sort((a, b) => b.bytes - a.bytes)
      : packages.map(({ name, path, version }) => served(offer, path, `${name} ${version}`)),
});

/** The folder of which a file is the index: of ipks or debs in the folder itself, of rpms in its `repodata`. */
function indexedFolder(path: string): string[] {
  if (posix.basename(path) === 'Packages.gz') return [posix.dirname(path)];
  return /(^|\/)repodata\/repomd\.xml$/.test(path) ? [posix.dirname(posix.dirname(path))] : [];
}

function served({ version, feed = {} }: Offer, path: string, what: string): ServedFile {
  return { path: `${feedPath(version).slice(1)}/${path}`, what, inFull: what, bytes: feed[path]?.bytes ?? 0 };
}
