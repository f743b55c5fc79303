import type { KnownAs, KnownRecord } from '../model/known.ts';
import type { Finding } from '../model/record.ts';
import type { KnownCause } from '../model/scenario.ts';

/** What is said of a failure that is on the list: `known until 2027-03-01 (TRACKER): why`. */
export function knownText({ status, until, tracker, why }: KnownAs): string {
  return status === 'known'
    ? `known until ${until} (${tracker}): ${why}`
    : `EXPIRED: was known until ${until} (${tracker}): ${why}`;
}

/** A cause on one line: `configuration during install, lost, of /etc/hosts`. */
function causeText({ check, phases, kinds, files }: KnownCause): string {
  const when = phases.map((phase) => (phase === 'no-cut' ? 'without a cut' : `during ${phase}`));
  return [
    `${check} ${when.join(' or ')}`,
    ...(kinds === undefined ? [] : [kinds.join(' or ')]),
    ...(files === undefined ? [] : [`of ${files.join(', ')}`]),
  ].join(', ');
}

const words = {
  known: 'known',
  expired: 'EXPIRED',
  gone: 'GONE: it did not appear, so its entry can be removed',
  'not seen': 'not seen, though not all was looked at that could show it',
} as const satisfies Record<KnownRecord['status'], string>;

/** What became of an entry of the list, on one line. */
export function entryText(entry: KnownRecord): string {
  const { status, until, tracker, cause } = entry;
  return `${words[status]}: ${causeText(cause)} (${tracker}, until ${until})`;
}

/** How many findings fail no run, to stand behind their number; empty: none. */
export function knownCountText(findings: readonly Finding[]): string {
  const known = findings.filter((finding) => finding.known?.status === 'known').length;
  return known === 0 ? '' : `, ${known} of them known`;
}
