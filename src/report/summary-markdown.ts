import type { Finding, RunRecord, Verdict } from '../model/record.ts';
import { shardText } from '../model/shard.ts';
import { againCommand } from './again-command.ts';
import { entryText, knownText } from './known-text.ts';
import { codeMarkdown as code, plainMarkdown as plain } from './markdown.ts';
import { durationText } from './text.ts';

/** Findings of one run that are told of; the page has all. */
const maxFindings = 10;

const words: Record<Verdict, string> = {
  passed: 'passed',
  known: 'passed, but for known findings',
  failed: '**FAILED**',
  unknown: '**UNKNOWN**: not decided',
  error: '**ERROR**: the device was not judged',
};

/**
 * Runs as a page of Markdown, for a job's summary or a comment on a change: a table, and below what broke and what is known.
 * `folderOf`: as reports of several runs name a run's folder.
 */
export function summaryMarkdown(
  records: readonly RunRecord[],
  folderOf: (record: RunRecord) => string = () => '',
): string {
  return [
    '## brownout',
    '',
    '| scenario | machine | verdict | crash states | findings | took |',
    '| --- | --- | --- | --- | --- | --- |',
    ...records.map(
      (record) =>
        `| ${plain(record.scenario)} | ${plain(record.machine)} | ${words[record.verdict]} | ${statesText(record)} | ${countsText(record.findings)} | ${durationText(record.seconds)} |`,
    ),
    ...records.flatMap((record) => details(record, folderOf(record))),
    '',
  ].join('\n');
}

function statesText({ crash, shard }: RunRecord): string {
  if (crash === undefined) return 'none';
  const sum = (counts: typeof crash.states) => Object.values(counts).reduce((all, count) => all + count, 0);
  return `${sum(crash.decided)} of ${sum(crash.states)} by ${crash.boots} boots, ${shard === undefined ? '' : `${shardText(shard)}, `}${crash.claim}`;
}

function countsText(findings: readonly Finding[]): string {
  const known = findings.filter((finding) => finding.known?.status === 'known').length;
  return known === 0 ? String(findings.length) : `${findings.length}, ${known} of them known`;
}

function details(record: RunRecord, folder: string): string[] {
  const { problem, known = [], findings } = record;
  const rest = findings.length - maxFindings;
  const lines = [
    ...(problem === undefined
      ? []
      : [`- ended early: ${plain(problem.message, 600)} (${code(problem.code)})`]),
    ...findings.slice(0, maxFindings).flatMap((finding) => findingLines(finding, folder)),
    ...(rest > 0 ? [`- and ${rest} more`] : []),
    ...known.map((entry) => `- known finding: ${plain(entryText(entry))}`),
  ];
  if (lines.length === 0) return [];
  const again = findings.length === 0 ? [] : ['', `Again: ${code(againCommand(record))}`];
  return ['', `### ${plain(record.scenario)} on ${plain(record.machine)}`, '', ...lines, ...again];
}

function findingLines(
  { check, message, during, states, reason, known, file, token }: Finding,
  folder: string,
): string[] {
  const replay = file === undefined ? token : folder === '' ? file : `${folder}/${file}`;
  return [
    `- **${plain(check)}**: ${plain(message)}`,
    `  - ${plain(during)}${states > 1 ? ` (${states} states alike)` : ''}`,
    ...(known === undefined ? [] : [`  - ${plain(knownText(known))}`]),
    ...(reason === undefined ? [] : [`  - because: ${plain(reason, 600)}`]),
    ...(replay === '' ? [] : [`  - ${code(`brownout replay ${replay}`)}`]),
  ];
}
