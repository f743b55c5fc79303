import type { ChalkInstance } from 'chalk';
import type { CaseVerdict, ConformanceRecord } from '../model/conformance.ts';
import { plain } from './colour.ts';
import { caseLine, suiteHead } from './conformance-text.ts';
import { nextOfSuite } from './next-command.ts';
import { screenText, wrap } from './screen.ts';

/** Where suites' files are, as the reader may type it. */
export interface ConformanceScreenOptions {
  folderOf: (record: ConformanceRecord) => string | undefined;
  /** Of all suites together, where there are several. */
  page?: string | undefined;
  colour?: ChalkInstance;
}

const order: readonly ConformanceRecord['verdict'][] = ['error', 'failed', 'unknown', 'passed'];
/** Cases that were judged and are not as they must be, the worst first. */
const remarkable: readonly CaseVerdict[] = ['error', 'failed', 'proves-nothing', 'unknown'];
/** Suites that have lines of their own. */
const mostSuites = 5;

/** What suites came to on one screen: counts, the cases that did not pass, where the page is, and the next command. */
export function conformanceScreen(
  records: readonly ConformanceRecord[],
  options: ConformanceScreenOptions,
): string {
  const sorted = worstFirst(records);
  const more = sorted.length - mostSuites;
  return screenText({
    head: [
      ...sorted.slice(0, mostSuites).flatMap((record) => suiteLines(record, options.colour ?? plain)),
      ...(more > 0 ? [`and ${more} more`] : []),
    ],
    sections: [sorted.flatMap((record) => wrongCases(record, sorted.length > 1))],
    end: suitesEnd(records, options),
  });
}

/** The last lines, on a screen as in a log: the page, and the command to type next. */
export function suitesEnd(
  records: readonly ConformanceRecord[],
  { folderOf, page, colour = plain }: ConformanceScreenOptions,
): string[] {
  const [worst] = worstFirst(records);
  if (worst === undefined) return [];
  const folder = folderOf(worst);
  const where = page ?? (folder === undefined ? undefined : `${folder}/index.html`);
  return [
    ...(where === undefined ? [] : [`page: ${where}`]),
    `next: ${colour.bold(nextOfSuite(worst, folder))}`,
  ];
}

function worstFirst(records: readonly ConformanceRecord[]): ConformanceRecord[] {
  return [...records].sort((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict));
}

function suiteLines(record: ConformanceRecord, colour: ChalkInstance): string[] {
  const { problem } = record;
  const [head, ...counts] = suiteHead(record, colour);
  return [
    head,
    ...counts.flatMap((line) => wrap(line, '  ', 2)),
    ...(problem === undefined ? [] : wrap(`ended early: ${problem.message} [${problem.code}]`, '  ', 4)),
  ];
}

function wrongCases({ agent, machine, cases }: ConformanceRecord, isOneOfMany: boolean): string[] {
  const whose = isOneOfMany ? `${agent}, ${machine}: ` : '';
  return remarkable.flatMap((verdict) =>
    cases
      .filter((one) => one.verdict === verdict)
      .flatMap((one) => wrap(`${whose}${caseLine(one)}`, '  ', 4)),
  );
}
