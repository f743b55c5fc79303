import { stripVTControlCharacters } from 'node:util';
import type { CrashRecord, Ended, Verdict } from '../model/record.ts';

/** Characters that XML 1.0 forbids (production 2, Char) and halves of surrogate pairs. */
const forbidden =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text from a guest as a report may show it: no terminal escapes, no control characters, unix line ends. */
export function plainText(text: string, limit = 20_000): string {
  const bounded = cutMiddle(text, limit * 2);
  return cutMiddle(
    stripVTControlCharacters(bounded).replaceAll(/\r\n?/g, '\n').replaceAll(forbidden, ''),
    limit,
  );
}

/** The same on one line, for attributes, tables and terminals. */
export function oneLine(text: string, limit = 300): string {
  return cutMiddle(
    plainText(text, limit * 4)
      .replaceAll(/\s+/g, ' ')
      .trim(),
    limit,
  );
}

/** Leaves out the middle of a long text and says how much; beginning and end usually hold what matters. */
export function cutMiddle(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.floor(limit / 2);
  return `${text.slice(0, half)} [... ${text.length - 2 * half} characters left out ...] ${text.slice(text.length - half)}`;
}

/** Rows with their cells one below the other, from the left. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const width = (at: number) => Math.max(0, ...rows.map((row) => (row[at] ?? '').length));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(width(i)))
      .join('  ')
      .trimEnd(),
  );
}

/** `8.2 s`, `2m05s`, `1h02m`: for people. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}

/** `512 B`, `1.3 GiB`: for people. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? ''}`;
}

/** What a claim is about: `of 1 recording`, `of 3 recordings, 2 of them disturbed`. */
export function recordingsText({ recording }: Pick<CrashRecord, 'recording'>): string {
  const { count, disturbed, paths } = recording;
  const of = paths > 1 ? ` of ${paths} paths` : '';
  const how = disturbed > 0 ? `, ${disturbed} of them disturbed` : '';
  return `of ${count} recording${count === 1 ? '' : 's'}${of}${how}`;
}

/** `on 2026-11-28`, `from 2026-11-21 to 2026-11-28`; undefined where there is no moment, in ISO 8601. */
function daysText(moments: readonly string[]): string | undefined {
  const days = moments.map((moment) => moment.slice(0, 10)).sort();
  const [first] = days;
  const last = days.at(-1);
  return first === last ? first && `on ${first}` : `from ${first} to ${last}`;
}

/** How many of a suite's cases or a run's paths earlier runs had done: `12 of 70 cases were done by earlier runs, on 2026-11-28`. */
export function earlierText(what: string, moments: readonly (string | undefined)[]): string | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  const when = daysText(known);
  return when && `${known.length} of ${moments.length} ${what} are earlier runs', done ${when}`;
}

/** How many of a run's boots earlier ones had made: `31 of 48 boots were made on 2026-11-28`; undefined where none. */
export function reusedText({ boots, cuts }: Pick<CrashRecord, 'boots' | 'cuts'>): string | undefined {
  const when = daysText(cuts.flatMap(({ booted }) => booted ?? []));
  if (when === undefined) return undefined;
  const count = cuts.filter(({ booted }) => booted !== undefined).length;
  const hosts = [...new Set(cuts.flatMap(({ host }) => host ?? []))].sort();
  if (hosts.length > 0)
    return `${count} of ${boots} boots are those of other workers, on ${hosts.join(', ')}`;
  return `${count} of ${boots} boots are earlier runs' of this recording, made ${when}`;
}

/** Why states of an exploration are left undecided: for people. */
export function undecidedText({
  stages,
  unfinished = [],
}: Pick<CrashRecord, 'stages' | 'unfinished'>): string {
  const why = whyOpen(stages.find(({ name }) => name === 'whole')?.ended ?? 'budget');
  return [why, ...unfinished].join('; ');
}

/** Why a search left something open: for people. */
export function whyOpen(ended: Ended): string {
  return ended === 'interrupted' ? 'the run ended before' : 'the budget was used up';
}

/** Whether something was decided not to hold, known or not. */
export function isFailure(verdict: Verdict): boolean {
  return verdict === 'failed' || verdict === 'known';
}
