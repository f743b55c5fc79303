import { createHash } from 'node:crypto';
import { ScenarioError } from '../core/errors.ts';
import { field, type Stanza, stanzaText } from '../package/control/stanza.ts';
import type { IndexFile } from './feed-index.ts';

/** What a repository says of itself besides its indexes. */
export interface ReleaseFacts {
  /** What apt's pinning and `apt-cache policy` call the repository; one line. */
  label: string;
  /** Of Suite and Codename; one word. */
  suite: string;
  /** When the indexes were made. A device whose clock is behind it refuses them. */
  date: Date;
  /** From when on a device refuses the indexes; default: never. */
  validUntil?: Date | undefined;
  /** Architectures of the packages, in order; `all` is one. */
  architectures: readonly string[];
}

/**
 * The Release file of a flat repository (Debian wiki, "DebianRepository/Format"; sources.list(5)), which apt reads with
 * `deb URI ./`: the fields and checksums are those of apt-ftparchive 2.6, in the order of Debian's own archive, with
 * the weak SHA1 left out. Throws ScenarioError `feed-name`.
 */
export function releaseText(
  { label, suite, date, validUntil, architectures }: ReleaseFacts,
  files: readonly IndexFile[],
): string {
  if (/[\r\n]/.test(label))
    throw new ScenarioError('feed-name', `no Release file can name ${JSON.stringify(label)}`, {
      hint: 'rename the folder: its name has a line break in it',
    });
  const stanza: Stanza = [
    field('Origin', 'brownout'),
    field('Label', label),
    field('Suite', suite),
    field('Codename', suite),
    field('Date', archiveTime(date)),
    ...(validUntil === undefined ? [] : [field('Valid-Until', archiveTime(validUntil))]),
    field('Architectures', architectures.join(' ')),
    field('Components', 'main'),
    checksums('MD5Sum', 'md5', files),
    checksums('SHA256', 'sha256', files),
  ];
  return stanzaText(stanza);
}

/** `Sat, 21 Nov 2026 16:18:05 UTC`, as Debian's archive writes it. */
function archiveTime(date: Date): string {
  return date.toUTCString().replace(/GMT$/, 'UTC');
}

/** A line for each file: its hash, its size in 16 columns as apt-ftparchive writes it, its path. */
function checksums(name: string, algorithm: string, files: readonly IndexFile[]): Stanza[number] {
  const lines = files.map(({ path, data }) => {
    const hash = createHash(algorithm).update(data).digest('hex');
    return `${hash} ${String(Buffer.byteLength(data)).padStart(16)} ${path}`;
  });
  return { ...field(name, ''), lines: ['', ...lines] };
}
