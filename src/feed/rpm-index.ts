import { sha256 } from '../core/digest.ts';
import { gzip } from '../package/archive/compression.ts';
import type { RpmPackage } from '../package/package-format.ts';
import { architecturesOf, byText, type FeedIndex } from './feed-index.ts';
import type { IndexedPackage } from './indexed-package.ts';
import { type RpmEntry, rpmEntry } from './rpm-entry.ts';
import { emptyElement, openElement, textElement } from './xml.ts';

const xml = '<?xml version="1.0" encoding="UTF-8"?>\n';
const rpmNamespace = { 'xmlns:rpm': 'http://linux.duke.edu/metadata/rpm' };

/** The three lists: what their root is called, and what is declared there. */
const lists = {
  primary: {
    root: 'metadata',
    attributes: { xmlns: 'http://linux.duke.edu/metadata/common', ...rpmNamespace },
  },
  filelists: { root: 'filelists', attributes: { xmlns: 'http://linux.duke.edu/metadata/filelists' } },
  other: { root: 'otherdata', attributes: { xmlns: 'http://linux.duke.edu/metadata/other' } },
} as const;
type List = keyof typeof lists;

/**
 * The index of rpms, which is `repodata/`: primary, filelists and other, and repomd.xml that names them, as
 * `createrepo_c --no-database --general-compress-type=gz` writes them. Its times are that of the newest package.
 */
export function rpmIndex(packages: readonly IndexedPackage<RpmPackage>[]): FeedIndex {
  const sorted = [...packages].sort((a, b) => byText(a.path, b.path));
  const entries = sorted.map(rpmEntry);
  const seconds = entries.reduce((latest, { built }) => Math.max(latest, built), 0);
  const made = (Object.keys(lists) as List[]).map((list) => listFile(list, entries));
  const repomd = [
    openElement('repomd', { xmlns: 'http://linux.duke.edu/metadata/repo', ...rpmNamespace }),
    `  ${textElement('revision', String(seconds))}`,
    ...made.flatMap(({ list, text, data, path }) => [
      `  ${openElement('data', { type: list })}`,
      `    ${textElement('checksum', sha256(data), { type: 'sha256' })}`,
      `    ${textElement('open-checksum', sha256(text), { type: 'sha256' })}`,
      `    ${emptyElement('location', { href: path })}`,
      `    ${textElement('timestamp', String(seconds))}`,
      `    ${textElement('size', String(data.length))}`,
      `    ${textElement('open-size', String(Buffer.byteLength(text)))}`,
      '  </data>',
    ]),
    '</repomd>\n',
  ];
  return {
    files: [
      ...made.map(({ path, data }) => ({ path, data })),
      { path: 'repodata/repomd.xml', data: `${xml}${repomd.join('\n')}` },
    ],
    text: made[0]?.text ?? '',
    packages: packages.length,
    architectures: architecturesOf(packages),
    leftOut: [],
  };
}

function listFile(list: List, entries: readonly RpmEntry[]) {
  const { root, attributes } = lists[list];
  const open = openElement(root, { ...attributes, packages: entries.length });
  const text = `${xml}${open}\n${entries.map((entry) => entry[list]).join('')}</${root}>\n`;
  const data = gzip(text);
  return { list, text, data, path: `repodata/${sha256(data)}-${list}.xml.gz` };
}
