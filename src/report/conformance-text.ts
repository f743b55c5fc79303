import type { ChalkInstance } from 'chalk';
import type { CaseRecord, CaseVerdict, ConformanceRecord } from '../model/conformance.ts';
import { plain } from './colour.ts';
import { suiteXml } from './junit.ts';
import { plainMarkdown } from './markdown.ts';
import type { TestCase } from './test-cases.ts';
import { durationText, earlierText, oneLine } from './text.ts';

/** Where a suite's files are, for people. */
interface TextOptions {
  folderOf?: (record: ConformanceRecord) => string | undefined;
  colour?: ChalkInstance;
}

const words: Record<CaseVerdict, string> = {
  passed: 'pass',
  failed: 'FAIL',
  unknown: 'unknown',
  error: 'ERROR',
  'not-applicable': 'not applicable',
  'ability-missing': 'ability missing',
  'proves-nothing': 'PROVES NOTHING',
};

function paint(verdict: CaseVerdict, { green, red, magenta, yellow, dim }: ChalkInstance): string {
  const text = words[verdict];
  if (verdict === 'passed') return green(text);
  if (verdict === 'failed') return red(text);
  if (verdict === 'error') return magenta(text);
  return verdict === 'unknown' || verdict === 'proves-nothing' ? yellow(text) : dim(text);
}

/** `B2 FAIL a release without its init …: 3. boot: boots: kernel panic`. */
export function caseLine(one: CaseRecord, colour: ChalkInstance = plain): string {
  const why = one.reason ?? one.problem?.message;
  const took = one.seconds < 0.05 ? '' : durationText(one.seconds);
  const time = one.done === undefined ? took : 'by an earlier run';
  return `${one.id} ${paint(one.verdict, colour)} ${oneLine(one.title)}${why === undefined ? '' : `: ${oneLine(why, 400)}`}${time === '' ? '' : ` ${colour.dim(time)}`}`;
}

/** The closing words on a terminal: a row a case, a column a machine and scenario, and why each is not passed. */
export function conformanceText(
  records: readonly ConformanceRecord[],
  { folderOf, colour = plain }: TextOptions = {},
): string {
  return `${records.map((record) => suiteText(record, folderOf?.(record), colour)).join('\n\n')}\n`;
}

/** Whose suite with its verdict, how often each verdict was given, and how many of these earlier runs had given. */
export function suiteHead(
  { scenario, machine, verdict, seconds, agent, cases }: ConformanceRecord,
  colour: ChalkInstance,
): [head: string, ...counts: string[]] {
  const counts = countsOf(cases)
    .map(([name, count]) => `${count} ${words[name]}`)
    .join(', ');
  return [
    `${colour.bold(oneLine(`${scenario} on ${machine}`, 60))}: ${verdict} in ${durationText(seconds)}`,
    `${oneLine(agent)}: ${counts === '' ? 'no case was tried' : counts}`,
    ...earlierCases(cases),
  ];
}

function earlierCases(cases: readonly CaseRecord[]): string[] {
  const text = earlierText(
    'cases',
    cases.map(({ done }) => done),
  );
  return text === undefined ? [] : [`${text} (--fresh does them again)`];
}

function suiteText(record: ConformanceRecord, folder: string | undefined, colour: ChalkInstance): string {
  const [head, ...counts] = suiteHead(record, colour);
  const remarkable = record.cases.filter((one) => one.verdict !== 'passed');
  return [
    head,
    ...counts.map((line) => `  ${line}`),
    ...remarkable.map((one) => `  ${caseLine(one, colour)}`),
    ...(record.problem === undefined
      ? []
      : [`  ${oneLine(`${record.problem.message} [${record.problem.code}]`, 600)}`]),
    ...(folder === undefined ? [] : [`  reports: ${folder}`]),
  ].join('\n');
}

/** How often each verdict was given, those that were not left out. */
function countsOf(cases: readonly CaseRecord[]): [CaseVerdict, number][] {
  const verdicts = Object.keys(words) as CaseVerdict[];
  return verdicts
    .map((name): [CaseVerdict, number] => [name, cases.filter(({ verdict }) => verdict === name).length])
    .filter(([, count]) => count > 0);
}

/** The matrix as a page of Markdown: a row a case, a column a machine. */
export function conformanceMarkdown(records: readonly ConformanceRecord[]): string {
  const columns = records.map((record) => `${record.agent}, ${record.machine}`);
  const ids = [...new Set(records.flatMap(({ cases }) => cases.map(({ id }) => id)))];
  const find = (record: ConformanceRecord, id: string) => record.cases.find((one) => one.id === id);
  const rows = ids.map((id) => {
    const found = records.map((record) => find(record, id));
    const title = found.find((one) => one !== undefined)?.title ?? '';
    return `| ${id} | ${plainMarkdown(title)} | ${found.map((one) => (one === undefined ? '' : words[one.verdict])).join(' | ')} |`;
  });
  const reasons = records.flatMap((record) =>
    record.cases.flatMap((one) => {
      const why = one.reason ?? one.problem?.message;
      return why === undefined
        ? []
        : [
            `- ${one.id}, ${plainMarkdown(`${record.agent}, ${record.machine}`)}: **${words[one.verdict]}**: ${plainMarkdown(why)}`,
          ];
    }),
  );
  return [
    '# Conformance',
    '',
    `| case | what must hold | ${columns.map((column) => plainMarkdown(column)).join(' | ')} |`,
    `| --- | --- | ${columns.map(() => '---').join(' | ')} |`,
    ...rows,
    ...records.flatMap((record) =>
      earlierCases(record.cases).flatMap((text) => [
        '',
        `${plainMarkdown(`${record.agent}, ${record.machine}: ${text}`)}.`,
      ]),
    ),
    ...(reasons.length === 0 ? [] : ['', '## Why', '', ...reasons]),
    '',
  ].join('\n');
}

/** JUnit XML: one test case a case of the suite. */
export function conformanceJunit(records: readonly ConformanceRecord[]): string {
  const [only] = records;
  return suiteXml({
    name: records.length === 1 && only !== undefined ? `${only.scenario} on ${only.machine}` : 'brownout',
    cases: records.flatMap(casesOf),
    seconds: records.reduce((total, { seconds }) => total + seconds, 0),
    started: records.map(({ started }) => started).sort()[0],
    properties: records.flatMap((record): [string, string][] => [
      [`${record.machine}.agent`, record.agent],
      [`${record.machine}.abilities`, record.abilities.join(' ')],
      [`${record.machine}.image.key`, record.imageKey],
    ]),
  });
}

const junitVerdicts: Record<CaseVerdict, TestCase['verdict']> = {
  ...{ passed: 'passed', failed: 'failed', unknown: 'unknown', error: 'error' },
  ...{ 'not-applicable': 'skipped', 'ability-missing': 'skipped', 'proves-nothing': 'unknown' },
};

function casesOf(record: ConformanceRecord): TestCase[] {
  const classname = `${record.agent}.${record.machine}.conformance`;
  const cases = record.cases.map((one): TestCase => {
    return {
      classname: `${classname}.${one.group}`,
      name: `${one.id} ${one.title}`,
      seconds: one.seconds,
      verdict: junitVerdicts[one.verdict],
      problem: one.problem ?? problemOf(one),
      details: one.steps.map((step) => `${step.verdict}: ${step.name}`),
      output: [...one.notes, ...(one.done === undefined ? [] : [`done by an earlier run, ${one.done}`])],
      console: one.steps.findLast(({ console }) => console !== undefined)?.console,
    };
  });
  if (record.problem === undefined) return cases;
  const { seconds, problem } = record;
  return [
    ...cases,
    { classname, name: 'the suite', seconds, verdict: 'error', problem, details: [], output: [] },
  ];
}

function problemOf({ verdict, reason }: CaseRecord): TestCase['problem'] {
  return reason === undefined ? undefined : { kind: 'device', code: verdict, message: reason };
}
