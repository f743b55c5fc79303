import type { RpmPackage } from '../package/package-format.ts';
import type { RpmFacts } from '../package/rpm/facts.ts';
import { directoryBits, type RpmListedFile, typeBits } from '../package/rpm/files.ts';
import type { RelationKind } from '../package/rpm/labels.ts';
import { fileFlags } from '../package/rpm/tags.ts';
import type { IndexedPackage } from './indexed-package.ts';
import { isPrimary, relationElements } from './rpm-relations.ts';
import { emptyElement, openElement, textElement } from './xml.ts';

/** A package in each of the three lists of a repository. */
export interface RpmEntry {
  primary: string;
  filelists: string;
  other: string;
  /** When it was built, seconds since 1970. */
  built: number;
}

/** The relations in the order in which createrepo_c writes them. */
const kinds: readonly RelationKind[] = [
  'provides',
  'requires',
  'conflicts',
  'obsoletes',
  'suggests',
  'enhances',
  'recommends',
  'supplements',
];

const mostChanges = 10;

/**
 * What repodata says of an rpm, as createrepo_c 0.17.3 (src/parsehdr.c, src/xml_dump_*.c) writes it, but for the time of
 * the file: that of its build stands there, since copies of one package shall give one index.
 */
export function rpmEntry({ about, path, bytes, sha256 }: IndexedPackage<RpmPackage>): RpmEntry {
  const { labels, files, facts } = about;
  const { name, epoch = 0, version, release, architecture, texts, relations } = labels;
  const { built } = facts;
  const versionElement = emptyElement('version', { epoch, ver: version, rel: release });
  const primary = [
    '<package type="rpm">',
    `  ${textElement('name', name)}`,
    `  ${textElement('arch', architecture)}`,
    `  ${versionElement}`,
    `  ${textElement('checksum', sha256, { type: 'sha256', pkgid: 'YES' })}`,
    `  ${textElement('summary', texts.summary ?? '')}`,
    `  ${textElement('description', texts.description ?? '')}`,
    `  ${textElement('packager', texts.packager ?? '')}`,
    `  ${textElement('url', texts.url ?? '')}`,
    `  ${emptyElement('time', { file: built, build: built })}`,
    `  ${emptyElement('size', {
      package: bytes,
      installed: facts.installedBytes,
      archive: facts.archiveBytes,
    })}`,
    `  ${emptyElement('location', { href: path })}`,
    '  <format>',
    `    ${textElement('rpm:license', texts.license ?? '')}`,
    `    ${textElement('rpm:vendor', texts.vendor ?? '')}`,
    `    ${textElement('rpm:group', texts.group ?? '')}`,
    `    ${textElement('rpm:buildhost', facts.buildHost)}`,
    `    ${textElement('rpm:sourcerpm', facts.sourceRpm)}`,
    `    ${emptyElement('rpm:header-range', { start: facts.headerStart, end: facts.headerEnd })}`,
    ...kinds.flatMap((kind) => relationElements(kind, relations, files)).map((line) => `    ${line}`),
    ...files.filter(({ path: file }) => isPrimary(file)).map((file) => `    ${fileElement(file)}`),
    '  </format>',
    '</package>',
  ];
  const enclosed = (lines: readonly string[]) =>
    [
      openElement('package', { pkgid: sha256, name, arch: architecture }),
      `  ${versionElement}`,
      ...lines.map((line) => `  ${line}`),
      '</package>\n',
    ].join('\n');
  return {
    primary: `${primary.join('\n')}\n`,
    filelists: enclosed(files.map(fileElement)),
    other: enclosed(changeElements(facts)),
    built,
  };
}

function fileElement({ path, mode, flags }: RpmListedFile): string {
  if ((mode & typeBits) === directoryBits) return textElement('file', path, { type: 'dir' });
  return textElement('file', path, (flags & fileFlags.ghost) === 0 ? {} : { type: 'ghost' });
}

/** The newest changes, the oldest of them first; two of one time are told apart by a second. */
function changeElements({ changes }: RpmFacts): string[] {
  const newest = changes.slice(0, mostChanges);
  return newest
    .map(({ author, seconds, text }, i) => {
      const later = newest.slice(i + 1).filter((other) => other.seconds === seconds).length;
      return textElement('changelog', text, { author: author.replace(/ +$/, ''), date: seconds + later });
    })
    .reverse();
}
