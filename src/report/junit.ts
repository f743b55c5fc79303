import { Builder } from 'xml2js';
import type { Problem, RunRecord } from '../model/record.ts';
import { shardText } from '../model/shard.ts';
import { entryText, knownText } from './known-text.ts';
import { merged, reasonOf, type TestCase, testCases } from './test-cases.ts';
import { oneLine, plainText, recordingsText } from './text.ts';

/** How a report finds the runs' files. */
export interface JunitOptions {
  /** The run's folder relative to the report's (default: that itself). */
  folderOf?: (record: RunRecord) => string;
  /** The report's folder, as its reader looks for attachments (default: from there). */
  root?: string;
}

/**
 * JUnit XML: one `testsuite` over all runs as the document's root, so that it satisfies the Surefire XSD (whose
 * only root is `testsuite`) as well as Jenkins' junit-10.xsd. Runs are told apart by the cases' `classname`.
 */
export function junitXml(
  records: readonly RunRecord[],
  { folderOf = () => '', root = '' }: JunitOptions = {},
): string {
  const runs = records.map((record) => ({ record, folder: folderOf(record) }));
  const cases = merged(
    runs.flatMap(({ record, folder }) => testCases(record).map((one) => within([root, folder], one))),
  );
  const [only] = records;
  return suiteXml({
    name: records.length === 1 && only !== undefined ? `${only.scenario} on ${only.machine}` : 'brownout',
    cases,
    seconds: records.reduce((total, { seconds }) => total + seconds, 0),
    started: records.map(({ started }) => started).sort()[0],
    properties: runs.flatMap(({ record, folder }) =>
      properties(record).map(([key, value]): [string, string] => [
        records.length === 1 ? key : `${folder}/${key}`,
        value,
      ]),
    ),
  });
}

/** A document's one suite. */
interface Suite {
  name: string;
  cases: readonly TestCase[];
  seconds: number;
  /** As in a record. */
  started: string | undefined;
  /** Kept at the suite: Jenkins' schema forbids properties on a case. */
  properties: readonly (readonly [string, string])[];
}

/** JUnit XML of one suite, in the form that `junitXml` describes. */
export function suiteXml({ name, cases, seconds, started, properties: known }: Suite): string {
  const root = {
    $: {
      name: oneLine(name),
      tests: cases.length,
      failures: cases.filter(({ verdict }) => verdict === 'failed').length,
      errors: cases.filter(({ verdict }) => verdict === 'error' || verdict === 'unknown').length,
      skipped: cases.filter(({ verdict }) => verdict === 'skipped' || verdict === 'known').length,
      time: time(seconds),
      ...(started === undefined ? {} : { timestamp: started.replace(/\.\d+Z$/, 'Z') }),
    },
    properties: {
      property: known.map(([key, value]) => ({ $: { name: oneLine(key), value: oneLine(value, 1000) } })),
    },
    testcase: cases.map(testCaseElement),
  };
  const builder = new Builder({
    rootName: 'testsuite',
    xmldec: { version: '1.0', encoding: 'UTF-8' },
    renderOpts: { pretty: true, indent: ' ', newline: '\n' },
  });
  return `${builder.buildObject(root)}\n`;
}

/** What tells one run from another. */
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
    ['network', record.network],
    ...(record.shard === undefined
      ? []
      : ([['shard', shardText(record.shard)]] satisfies [string, string][])),
    ...(record.known ?? []).map((entry, i): [string, string] => [`known.${i + 1}`, entryText(entry)]),
    ['host.qemu', host.qemu],
    ['host.node', host.node],
    ['host.accelerator', host.accelerator],
    ...(crash === undefined
      ? []
      : ([
          ['crash.claim', crash.claim],
          ['crash.boots', String(crash.boots)],
          ['crash.claim.about', recordingsText(crash)],
          ['crash.recording', crash.recording.sha256],
        ] satisfies [string, string][])),
  ];
}

/** The case with the paths of its files as the reader of the report finds them. */
function within(folders: readonly string[], one: TestCase): TestCase {
  const { console, files = [] } = one;
  const prefix = folders.filter((folder) => folder !== '').map((folder) => `${folder.replace(/\/+$/, '')}/`);
  const found = (path: string) => `${prefix.join('')}${path}`;
  return {
    ...one,
    ...(console === undefined ? {} : { console: found(console) }),
    ...(files.length === 0 ? {} : { files: files.map(found) }),
  };
}

function testCaseElement(one: TestCase): object {
  const { classname, name, seconds, console, files = [] } = one;
  const output = [
    ...(one.verdict === 'known' ? one.details.map((line) => oneLine(line, 600)) : []),
    ...one.output.map((line) => oneLine(line, 600)),
    // GitLab takes the first alone.
    ...[...(console === undefined ? [] : [console]), ...files].map(attachment),
  ];
  return {
    $: { classname, name, time: time(seconds) },
    ...outcome(one),
    ...(output.length === 0 ? {} : { 'system-out': output.join('\n') }),
  };
}

function outcome(one: TestCase): object {
  const { verdict, problem, details, known } = one;
  if (verdict === 'passed') return {};
  const listed = known === undefined ? '' : `${oneLine(knownText(known))}: `;
  const message = oneLine(reasonOf(one), 1000);
  if (verdict === 'known') return { skipped: { $: { message: `${listed}${message}` } } };
  if (verdict === 'skipped') return { skipped: { $: { message } } };
  const element = {
    $: { message: `${listed}${message}`, type: type(verdict, problem) },
    _: plainText(details.join('\n')),
  };
  return verdict === 'failed' ? { failure: element } : { error: element };
}

function type(verdict: string, problem: Problem | undefined): string {
  if (verdict === 'unknown') return 'unknown';
  return oneLine(problem?.code ?? verdict, 100);
}

/** The form that Jenkins' attachments plugin and GitLab read: alone on its line. */
function attachment(path: string): string {
  return `[[ATTACHMENT|${oneLine(path, 1000).replaceAll(/[[\]|]/g, '_')}]]`;
}

/** Seconds with three decimals, which is as many as the Surefire XSD and Jenkins' take. */
function time(seconds: number): string {
  return (Number.isFinite(seconds) ? Math.max(0, seconds) : 0).toFixed(3);
}
