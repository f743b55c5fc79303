import type { ChalkInstance } from 'chalk';
import type { Finding, RunRecord, Verdict } from '../model/record.ts';
import { plain } from './colour.ts';
import { isKnown, nextCommand } from './next-command.ts';
import { headline, notShown } from './page/verdict-section.ts';
import { columns, screenText, wrap } from './screen.ts';
import { durationText, oneLine } from './text.ts';

/** What a last screen cannot know from the records. */
export interface LastScreenOptions {
  /** Where a run's files are, as the reader may type it. */
  folderOf: (record: RunRecord) => string | undefined;
  /** Of all runs together, where there are several. */
  page?: string | undefined;
  colour?: ChalkInstance;
}

/** Runs that have a line each. */
const mostRuns = 8;
/** Findings of a run that have a sentence. */
const mostFindings = 3;

/** What a run came to on one screen, the next command at its end: verdict, findings, what was not shown, page. */
export function lastScreen(records: readonly RunRecord[], options: LastScreenOptions): string {
  const { folderOf, page, colour = plain } = options;
  const order: readonly Verdict[] = ['error', 'failed', 'unknown', 'known', 'passed'];
  const sorted = [...records].sort((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict));
  const [first] = sorted;
  if (first === undefined) return '';
  const folder = folderOf(first);
  const overview =
    sorted.length === 1
      ? []
      : [...sorted.slice(0, mostRuns).map((one) => runLine(one, colour)), ...more(sorted)];
  const where = page ?? (folder === undefined ? undefined : `${folder}/index.html`);
  const end = [
    ...(where === undefined ? [] : [`page: ${where}`]),
    `next: ${colour.bold(oneLine(nextCommand(first, folder), 1000))}`,
  ];
  return screenText({
    head: [...overview, ...headLines(first, colour)],
    sections: [findingLines(first, colour), notShownLines(first, colour)],
    end,
  });
}

function headLines(record: RunRecord, colour: ChalkInstance): string[] {
  const { problem } = record;
  return [
    runLine(record, colour),
    ...wrap(headline(record), '  ', 3),
    ...(problem === undefined ? [] : wrap(`ended early: ${problem.message} [${problem.code}]`, '  ', 4)),
    ...(problem?.hint === undefined ? [] : wrap(`hint: ${problem.hint}`, '  ', 2)),
  ];
}

function runLine(
  { scenario, machine, verdict, findings, seconds }: RunRecord,
  colour: ChalkInstance,
): string {
  const count =
    findings.length === 0 ? '' : `, ${findings.length} finding${findings.length === 1 ? '' : 's'}`;
  const [name = ''] = wrap(`${scenario} on ${machine}`, '', 1, columns - 32);
  return `${mark(verdict, colour)} ${colour.bold(name)}${count}, ${durationText(seconds)}`;
}

function mark(verdict: Verdict, { green, red, yellow, magenta }: ChalkInstance): string {
  switch (verdict) {
    case 'passed':
      return green('passed');
    case 'known':
      return yellow('known');
    case 'failed':
      return red('FAILED');
    case 'unknown':
      return yellow('UNKNOWN');
    case 'error':
      return magenta('ERROR');
  }
}

function more(records: readonly RunRecord[]): string[] {
  return records.length > mostRuns ? [`and ${records.length - mostRuns} runs more`, ''] : [''];
}

function findingLines({ findings }: RunRecord, { red }: ChalkInstance): string[] {
  const rest = findings.length - mostFindings;
  const newFirst = [...findings].sort((one, other) => Number(isKnown(one)) - Number(isKnown(other)));
  return [
    ...newFirst.slice(0, mostFindings).flatMap((finding) => oneFinding(finding, red)),
    ...(rest > 0 ? [`  and ${rest} finding${rest === 1 ? '' : 's'} more on the page`] : []),
  ];
}

function oneFinding(finding: Finding, red: ChalkInstance): string[] {
  const { check, message, during, states, reason } = finding;
  const known = isKnown(finding) ? 'known: ' : '';
  const alike = states > 1 ? `, ${states} states alike` : '';
  const [first = '', ...others] = wrap(`${known}${check}: ${message} (${during}${alike})`, '  ', 2);
  return [
    red(first),
    ...others.map((line) => red(line)),
    ...(reason === undefined ? [] : wrap(`because: ${reason}`, '    ', 4)),
  ];
}

function notShownLines(record: RunRecord, { dim, yellow }: ChalkInstance): string[] {
  const lines = notShown(record).flatMap((text) => wrap(`- ${text}`, '  ', 2));
  return [yellow('not shown:'), ...lines.map((line) => dim(line))];
}
