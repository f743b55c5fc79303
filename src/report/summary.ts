import type { ChalkInstance } from 'chalk';
import type { CrashRecord, CutRecord, Finding, RunRecord, StageRecord, StepRecord } from '../model/record.ts';
import { shardText } from '../model/shard.ts';
import { isSameStep } from '../model/steps.ts';
import { againCommand } from './again-command.ts';
import { plain } from './colour.ts';
import { tableLines } from './configuration-text.ts';
import { entryText, knownCountText, knownText } from './known-text.ts';
import { softwareLines } from './software-text.ts';
import { durationText, isFailure, oneLine, recordingsText, reusedText, undecidedText } from './text.ts';

/** What the summary cannot know from the records. */
export interface SummaryOptions {
  /** Where the run's files are, as the reader may type it. */
  folderOf?: (record: RunRecord) => string | undefined;
  colour?: ChalkInstance;
}

/** Findings of one run that are printed in full; the rest is in the report. */
const maxFindings = 10;

/** The closing words on a terminal: what passed, how the cuts came out, what to look at, and where it is written. */
export function summaryText(
  records: readonly RunRecord[],
  { folderOf, colour = plain }: SummaryOptions = {},
): string {
  return records.map((record) => runText(record, folderOf?.(record), colour)).join('\n');
}

function runText(record: RunRecord, folder: string | undefined, colour: ChalkInstance): string {
  const { bold } = colour;
  const lines = [
    `${bold(oneLine(`${record.scenario} on ${record.machine}`))}: ${verdictText(record, colour)} in ${durationText(record.seconds)}`,
    ...record.paths.flatMap(({ releases, steps, configuration = [], software = [], notes = [], taken }) => {
      const passed = steps.filter((step) => step.verdict === 'passed').length;
      return [
        `  upgrade ${oneLine(releases.join(' -> '))}: ${passed} of ${steps.length} steps passed${taken === undefined ? '' : `, by an earlier run, ${taken.slice(0, 10)}`}`,
        ...exceptionLines(steps).map((line) => `    ${line}`),
        ...tableLines(configuration).map((line) => `    ${line}`),
        ...software.flatMap(softwareLines).map((line) => `    ${line}`),
        ...noteLines(notes).map((line) => `    ${line}`),
      ];
    }),
    ...(record.crash === undefined ? [] : crashLines(record.crash, record)),
    ...noteLines(record.crash?.cuts.flatMap(({ notes = [] }) => notes) ?? []).map(
      (line) => `    after cuts, ${line}`,
    ),
    ...(record.network === 'open'
      ? ['  network: open: the guest could reach whatever this host reaches, not its releases alone']
      : []),
    ...findingLines(record, folder),
    ...(record.known ?? []).map((entry) => `  known finding: ${oneLine(entryText(entry), 400)}`),
    ...problemLines(record, folder),
    ...(folder === undefined ? [] : [`  reports: ${folder}`, `  page: ${folder}/index.html`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** What steps passed with although it is not as it should be; equal ones once. */
function exceptionLines(steps: readonly StepRecord[]): string[] {
  return [...new Set(steps.flatMap(({ note }) => (note === undefined ? [] : [`note: ${oneLine(note)}`])))];
}

/** What is worth a look and decides nothing: how many lines, and the first. */
function noteLines(notes: readonly string[]): string[] {
  const [first] = notes;
  return first === undefined
    ? []
    : [`kernel warnings: ${notes.length} noted; the first: ${oneLine(first, 200)}`];
}

function verdictText(
  { verdict, problem }: RunRecord,
  { green, red, magenta, yellow }: ChalkInstance,
): string {
  switch (verdict) {
    case 'passed':
      return green('passed');
    case 'known':
      return yellow('passed, but for KNOWN findings');
    case 'failed':
      return red('FAILED');
    case 'unknown':
      return yellow('UNKNOWN (not decided)');
    case 'error':
      return magenta(
        problem?.kind === 'scenario'
          ? 'ERROR (the scenario or the image description, not the device)'
          : 'ERROR (the harness or its host, not the device)',
      );
  }
}

function crashLines(crash: CrashRecord, { seed, shard }: Pick<RunRecord, 'seed' | 'shard'>): string[] {
  const again = crash.recording.reused ? ', recording of an earlier run' : '';
  const { writes, flushes } = crash.recording;
  const facts = `seed ${oneLine(seed)}${again}; ${writes} writes, ${flushes} flushes`;
  const silent = (crash.phasesWithoutStates ?? []).map(
    (phase) => `    ${oneLine(phase)}: no crash state of its own, because nothing was written`,
  );
  if (crash.stages.some(({ name }) => name === 'whole'))
    return [...exploredLines(crash, facts, shard), ...silent];
  const { prefix, lost, torn, subset } = crash.states;
  const total = prefix + lost + torn + subset;
  const of = total === 0 ? '' : ` of ${total} crash states`;
  return [
    `  power cuts: ${crash.boots} booted${of} (${crash.claim} ${recordingsText(crash)}; ${facts})`,
    ...outcomeTable(crash.cuts).map((line) => `    ${line}`),
    ...crash.stages.map(
      ({ name, decided, states }) => `    ${questions[name]}: ${decided} of ${states} decided`,
    ),
    ...silent,
  ];
}

/** What each question is called. */
const questions = {
  whole: 'comes back whole',
  retry: 'upgrade done again',
  'second-cut': 'second cut',
  'third-cut': 'third cut',
  'fourth-cut': 'fourth cut',
  'reset-storm': 'reset storm',
} as const satisfies Record<StageRecord['name'], string>;

/** A run that decided states without booting each: how many, by how many boots, and how well that was checked. */
function exploredLines(crash: CrashRecord, facts: string, shard: RunRecord['shard']): string[] {
  const stages = crash.stages.map(({ name, states, decided, boots, claim }) => [
    questions[name],
    `${decided} of ${states} states`,
    `${boots} boots`,
    claim,
  ]);
  const stateClasses = Object.entries(crash.states)
    .filter(([, count]) => count > 0)
    .map(
      ([stateClass, count]) =>
        `${stateClass} ${crash.decided[stateClass as keyof typeof crash.decided]}/${count}`,
    );
  const open = [
    ...(crash.skipped > 0 ? [`${crash.skipped} not tried, because their epoch had failed already`] : []),
    ...(crash.undecided > 0 ? [`${crash.undecided} UNKNOWN: ${undecidedText(crash)}`] : []),
    ...crash.stages.flatMap(({ name, ended }) =>
      name !== 'whole' && ended === 'budget'
        ? [`UNKNOWN: ${questions[name]}: the budget was used up before`]
        : [],
    ),
  ];
  const reused = reusedText(crash);
  return [
    `  power cuts: every crash state ${shard === undefined ? '' : `in ${shardText(shard)} `}${recordingsText(crash)} (${facts})`,
    ...align([['', 'decided', 'by', 'claim'], ...stages]).map((line) => `    ${line}`),
    `    states: ${stateClasses.join(', ')}${crash.blockTears > 0 ? ` (${crash.blockTears} of the torn between 4 KiB blocks)` : ''}`,
    ...open.map((line) => `    ${line}`),
    ...crash.stages.flatMap(writtenLines).map((line) => `    ${line}`),
    ...(crash.snapshots.restored > 0
      ? [`    ${crash.snapshots.restored} boots began with one of ${crash.snapshots.taken} snapshots`]
      : []),
    ...(reused === undefined
      ? []
      : [
          `    ${reused}${crash.cuts.some(({ host }) => host !== undefined) ? '' : ' (--fresh makes them again)'}`,
        ]),
    `    audit: ${auditText(crash)}`,
    ...(crash.rawAgain === undefined
      ? []
      : [
          `    explored again, sector by sector, because audits of canonical forms did not agree: ${crash.rawAgain.join(', ')}`,
        ]),
    `    outcomes: ${crash.outcomes.length}${crash.cuts.some(({ kind }) => kind === 'live') ? ", the live cut's among them" : ''}`,
    ...crash.outcomes
      .slice(0, maxOutcomes)
      .map(({ name, states }) => `      ${oneLine(name, 100)}: ${states} state${states === 1 ? '' : 's'}`),
  ];
}

/** What was audited, and what of it is missing. */
function auditText({ audited, mismatches, audits }: CrashRecord): string {
  const { asked = audited, all = false, reseeded = 0, ended = 'complete' } = audits ?? {};
  if (audits?.asked === 0) return 'NONE: what was decided without a boot was not audited';
  return [
    `${audited}${audited < asked ? ` of ${asked}` : ''} states booted after all`,
    ...(all ? ['there are no more'] : []),
    ...(reseeded > 0 ? [`${reseeded} once more with other random numbers and timing`] : []),
    `${mismatches} mismatches`,
    ...(ended === 'budget' ? ['UNKNOWN: the budget was used up before'] : []),
  ].join(', ');
}

const maxOutcomes = 12;

/** Sets of places that are named where no coming-back with such writes was cut again. */
const maxSets = 3;

/** How much of what devices write while they come back was cut again. */
function writtenLines({ name, written }: StageRecord): string[] {
  if (written === undefined) return [];
  const cut = written.filter(({ cuts }) => cuts.length > 0);
  const rest = written.filter(({ cuts }) => cuts.length === 0);
  const states = cut.map(({ cuts }) => cuts.reduce((sum, one) => sum + one.decided, 0));
  const of = cut.length === 0 ? '' : ` (${states.join(', ')} states)`;
  return [
    `${questions[name]}: ${cut.length} of ${written.length} sets of places written while coming back were cut again${of}`,
    ...rest
      .slice(0, maxSets)
      .map(({ places, boots }) => `  not cut: ${oneLine(places.join('; '), 160)} (${boots} boots)`),
    ...(rest.length > maxSets ? [`  and ${rest.length - maxSets} more in run.json`] : []),
  ];
}

/** Rows: what the device was doing. Columns: what came up, then how many of the row are not passed. */
function outcomeTable(cuts: readonly CutRecord[]): string[] {
  const rows = distinct(cuts.map((cut) => cut.during));
  const all = distinct(cuts.map((cut) => oneLine(cut.outcome, 40)));
  const columns = all.length > maxColumns ? all.slice(0, maxColumns - 1) : all;
  const count = (during: string, wanted: (cut: CutRecord) => boolean) =>
    cuts.filter((cut) => cut.during === during && wanted(cut)).length;
  const header = ['', ...columns, ...(columns.length < all.length ? ['other'] : []), 'not passed'];
  const table = rows.map((during) => [
    oneLine(during, 40),
    ...columns.map((outcome) => String(count(during, (cut) => oneLine(cut.outcome, 40) === outcome))),
    ...(columns.length < all.length
      ? [String(count(during, (cut) => !columns.includes(oneLine(cut.outcome, 40))))]
      : []),
    String(count(during, (cut) => cut.verdict !== 'passed')),
  ]);
  return align([header, ...table]);
}

const maxColumns = 6;

function align(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map((row) => (row[i] ?? '').length)));
  return table.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function findingLines(record: RunRecord, folder: string | undefined): string[] {
  if (record.findings.length === 0) return [];
  const all = newFirst(record.findings);
  const shown = all.slice(0, maxFindings).flatMap((finding) => oneFinding(record, finding, folder));
  const rest = all.length - maxFindings;
  return [
    `  findings: ${all.length}${knownCountText(all)}${firstText(record.crash)}`,
    ...shown,
    ...(rest > 0 ? [`    and ${rest} more in run.json`] : []),
    `    again: ${againCommand(record)}`,
  ];
}

/** What nobody knows of comes first: it is what fails the run. */
function newFirst(findings: readonly Finding[]): Finding[] {
  const isKnown = ({ known }: Finding) => known?.status === 'known';
  return [...findings.filter((finding) => !isKnown(finding)), ...findings.filter(isKnown)];
}

/** By how many boots the first fault was found. */
function firstText(crash: CrashRecord | undefined): string {
  return crash?.bootsUntilFound === undefined ? '' : `, the first by boot ${crash.bootsUntilFound}`;
}

function oneFinding(record: RunRecord, finding: Finding, folder: string | undefined): string[] {
  const log = finding.cut === '' ? stepConsole(record, finding) : cutConsole(record, finding);
  const alike = finding.states > 1 ? ` (${finding.states} states alike)` : '';
  const again =
    finding.file === undefined ? oneLine(finding.token, 300) : below(folder, oneLine(finding.file, 100));
  return [
    `    ${oneLine(finding.check, 60)}: ${oneLine(finding.message, 400)}`,
    `      ${finding.cut === '' ? 'without a cut' : `cut ${oneLine(finding.cut, 80)}`}, ${oneLine(finding.during)}${alike}`,
    ...(finding.known === undefined ? [] : [`      ${oneLine(knownText(finding.known), 400)}`]),
    ...(finding.reason === undefined ? [] : [`      because: ${oneLine(finding.reason, 600)}`]),
    ...(finding.files.length === 0 ? [] : [`      files: ${oneLine(finding.files.join(', '))}`]),
    ...(again === '' ? [] : [`      replay: brownout replay ${again}`]),
    ...(log === undefined ? [] : [`      console: ${below(folder, log)}`]),
  ];
}

function cutConsole({ crash }: RunRecord, { cut, step }: Finding): string | undefined {
  const booted = crash?.cuts.find(({ id }) => id === cut);
  const failed = booted?.checks.find(({ id, verdict }) => isSameStep(id, step) && isFailure(verdict));
  return failed?.console ?? booted?.console;
}

function stepConsole({ paths }: RunRecord, { step, during }: Finding): string | undefined {
  const path = paths.find(({ releases }) => releases.join('->') === during);
  return path?.steps.find(({ id, verdict }) => isSameStep(id, step) && isFailure(verdict))?.console;
}

function problemLines({ problem }: RunRecord, folder: string | undefined): string[] {
  if (problem === undefined) return [];
  return [
    `  ended early: ${oneLine(problem.message, 600)} [${oneLine(problem.code, 60)}]`,
    ...(problem.log === undefined ? [] : [`  log: ${below(folder, problem.log)}`]),
    ...(problem.hint === undefined ? [] : [`  hint: ${oneLine(problem.hint, 300)}`]),
  ];
}

function below(folder: string | undefined, path: string): string {
  return folder === undefined ? oneLine(path, 500) : `${folder}/${oneLine(path, 500)}`;
}

function distinct(items: readonly string[]): string[] {
  return [...new Set(items)];
}
