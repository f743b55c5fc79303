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
  const cut = phases.filter((phase) => phase !== 'no-cut');
  const when = [
    ...(cut.length === 0 ? [] : [`during ${listText(cut)}`]),
    ...(cut.length === phases.length ? [] : ['without a cut']),
  ];
  return [
    `${check} ${when.join(' or ')}`,
    ...(kinds === undefined ? [] : [listText(kinds)]),
    ...(files === undefined ? [] : [`of ${files.join(', ')}`]),
  ].join(', ');
}

const words = {
  known: 'known',
  expired: 'EXPIRED',
  gone: 'GONE: it did not appear, so its entry can be removed',
  'not seen': 'not seen, though not all was looked at that could show it',
} as const satisfies Record<KnownRecord['status'], string>;

/** An entry of the list and what became of it, on one line. */
export function entryText(entry: KnownRecord): string {
  const { status, until, tracker, cause } = entry;
  return `${causeText(cause)} (${tracker}, until ${until}): ${words[status]}`;
}

/** `install, first-boot or confirm` */
function listText(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} or ${last}`;
}

/** How many findings fail no run, to stand behind their number; empty: none. */
export function knownCountText(findings: readonly Finding[]): string {
  const known = findings.filter((finding) => finding.known?.status === 'known').length;
  return known === 0 ? '' : `, ${known} of them known`;
}
