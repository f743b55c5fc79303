import { Builder } from 'xml2js';
import type { Problem, RunRecord } from '../model/record.ts';
import { type TestCase, testCases } from './test-cases.ts';
import { oneLine, plainText } from './text.ts';

/** How a report finds the runs' files. */
export interface JunitOptions {
  /** The run's folder as attachments name it, relative to where the report is read (default: the report's own folder). */
  folderOf?: (record: RunRecord) => string;
}

/**
 * JUnit XML: one `testsuite` per run, and the document's root where there is only one, so that it satisfies the
 * Surefire XSD (whose only root is `testsuite`) as well as Jenkins' junit-10.xsd.
 */
export function junitXml(records: readonly RunRecord[], options: JunitOptions = {}): string {
  const taken = new Set<string>();
  const suites = records.map((record) => suite(record, options.folderOf?.(record) ?? '', taken));
  const builder = (rootName: string) =>
    new Builder({
      rootName,
      xmldec: { version: '1.0', encoding: 'UTF-8' },
      renderOpts: { pretty: true, indent: ' ', newline: '\n' },
    });
  const [only] = suites;
  if (suites.length === 1 && only !== undefined) return `${builder('testsuite').buildObject(only.element)}\n`;
  const sum = (count: (one: Suite) => number) => suites.reduce((total, one) => total + count(one), 0);
  const root = {
    $: {
      name: 'brownout',
      tests: sum((one) => one.tests),
      failures: sum((one) => one.failures),
      errors: sum((one) => one.errors),
      time: time(sum((one) => one.seconds)),
    },
    testsuite: suites.map((one) => one.element),
  };
  return `${builder('testsuites').buildObject(root)}\n`;
}

interface Suite {
  tests: number;
  failures: number;
  errors: number;
  seconds: number;
  element: object;
}

function suite(record: RunRecord, folder: string, taken: Set<string>): Suite {
  const cases = testCases(record);
  const failures = cases.filter(({ verdict }) => verdict === 'failed').length;
  const errors = cases.filter(({ verdict }) => verdict === 'error' || verdict === 'unknown').length;
  const element = {
    $: {
      name: oneLine(`${record.scenario} on ${record.machine}`),
      tests: cases.length,
      failures,
      errors,
      skipped: 0,
      time: time(record.seconds),
      timestamp: record.started.replace(/\.\d+Z$/, 'Z'),
    },
    properties: {
      property: properties(record).map(([name, value]) => ({ $: { name, value: oneLine(value, 1000) } })),
    },
    testcase: cases.map((one) => testCaseElement(one, folder, taken)),
  };
  return { tests: cases.length, failures, errors, seconds: record.seconds, element };
}

/** What tells one run from another. Kept at the suite: Jenkins' schema forbids properties on a case. */
function properties(record: RunRecord): [string, string][] {
  const { crash, host, inputs } = record;
  return [
    ['run', record.id],
    ['verdict', record.verdict],
    ['scenario', record.scenarioFile],
    ['scenario.sha256', inputs.scenario],
    ['machine', record.machine],
    ['image', inputs.image],
    ['image.key', inputs.imageKey],
    ['seed', record.seed],
    ['power-cuts', record.powerCuts],
    ['host.qemu', host.qemu],
    ['host.node', host.node],
    ['host.accelerator', host.accelerator],
    ...(crash === undefined
      ? []
      : ([
          ['crash.claim', crash.claim],
          ['crash.boots', String(crash.boots)],
          ['crash.recording', crash.recording.sha256],
        ] satisfies [string, string][])),
  ];
}

function testCaseElement(one: TestCase, folder: string, taken: Set<string>): object {
  return {
    $: { classname: one.classname, name: unusedName(one, taken), time: time(one.seconds) },
    ...outcome(one),
    ...(one.console === undefined ? {} : { 'system-out': attachment(folder, one.console) }),
  };
}

function outcome({ verdict, problem, details }: TestCase): object {
  if (verdict === 'passed') return {};
  const element = {
    $: { message: message(verdict, problem), type: type(verdict, problem) },
    _: plainText(details.join('\n')),
  };
  return verdict === 'failed' ? { failure: element } : { error: element };
}

function message(verdict: string, problem: Problem | undefined): string {
  if (problem !== undefined) return oneLine(problem.message, 1000);
  return verdict === 'unknown' ? 'not decided' : 'no reason was recorded';
}

function type(verdict: string, problem: Problem | undefined): string {
  if (verdict === 'unknown') return 'unknown';
  return oneLine(problem?.code ?? verdict, 100);
}

/** GitLab drops cases whose classname and name were there before. */
function unusedName({ classname, name }: TestCase, taken: Set<string>): string {
  let unused = name;
  for (let n = 2; taken.has(`${classname}\n${unused}`); n += 1) unused = `${name} (${n})`;
  taken.add(`${classname}\n${unused}`);
  return unused;
}

/** The form that Jenkins' attachments plugin and GitLab read: alone on its line. */
function attachment(folder: string, path: string): string {
  const full = folder === '' ? path : `${folder.replace(/\/+$/, '')}/${path}`;
  return `[[ATTACHMENT|${oneLine(full, 1000).replaceAll(']', '_')}]]`;
}

/** Seconds with three decimals, which is as many as the Surefire XSD and Jenkins' take. */
function time(seconds: number): string {
  return (Number.isFinite(seconds) ? Math.max(0, seconds) : 0).toFixed(3);
}
