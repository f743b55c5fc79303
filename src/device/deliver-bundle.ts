import type { Delivery } from './delivery.ts';

/** Path of a release's bundle on the server. */
export function bundlePath(release: string, format: string): string {
  return `/${release}/${format}`;
}

/** Releases that are one file each, in a format that the agent takes. */
export function bundleDelivery(format: string): Delivery {
  return {
    lack: ({ bundles }) =>
      bundles[format] === undefined
        ? {
            code: 'unknown-bundle',
            message: `has no ${format} bundle; it has ${Object.keys(bundles).join(', ') || 'none'}`,
          }
        : undefined,
    files: ({ bundles }) => (bundles[format] === undefined ? [] : [bundles[format]]),
    source: ({ version }) => ({ path: bundlePath(version, format), folders: [], packages: [] }),
    faultable: ({ version, bundles }) => [
      {
        path: bundlePath(version, format).slice(1),
        what: version,
        inFull: `the ${format} bundle of ${version}`,
        bytes: bundles[format]?.bytes ?? 0,
      },
    ],
  };
}
