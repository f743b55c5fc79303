import { gzip } from '../package/archive/compression.ts';
import { type Stanza, stanzaText } from '../package/control/stanza.ts';
import type { ControlPackage } from '../package/package-format.ts';
import { architecturesOf, type FeedIndex } from './feed-index.ts';
import type { IndexedPackage } from './indexed-package.ts';

/** The index of ipks or debs: a stanza for each in the file `Packages`, and the same compressed. */
export function packagesFile(
  packages: readonly IndexedPackage<ControlPackage>[],
  stanzaOf: (one: IndexedPackage<ControlPackage>) => Stanza,
  leftOut: FeedIndex['leftOut'] = [],
): FeedIndex {
  const text = packages.map((one) => `${stanzaText(stanzaOf(one))}\n`).join('');
  const files = [
    { path: 'Packages.gz', data: gzip(text) },
    { path: 'Packages', data: text },
  ];
  return { files, text, packages: packages.length, architectures: architecturesOf(packages), leftOut };
}
