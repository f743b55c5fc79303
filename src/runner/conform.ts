import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { type CaseChoice, chosenCases, type GroupedCase } from '../conform/cases/index.ts';
import { conform, type EarlierCases } from '../conform/conform.ts';
import { keptCases } from '../conform/kept-cases.ts';
import { castOf } from '../conform/roles.ts';
import type { MakeWrong } from '../conform/wrong-releases.ts';
import { CleanupStack } from '../core/cleanup.ts';
import { problemOf, secondsSince } from '../device/checklist.ts';
import type { RunContext } from '../device/run-context.ts';
import { verifyFiles } from '../image/manifest.ts';
import { type CaseRecord, type CaseVerdict, type ConformanceRecord } from '../model/conformance.ts';
import type { EventSink } from '../model/event.ts';
import { worst } from '../model/record.ts';
import { KeptVerdicts } from '../recording/kept-verdicts.ts';
import { conformanceJunit, conformanceMarkdown } from '../report/conformance-text.ts';
import { conformancePage } from '../report/page/conformance-page.ts';
import type { PageParts } from '../report/page/page-parts.ts';
import { JsonlRecorder } from '../report/recorder.ts';
import { defaultJobs } from './jobs.ts';
import { type PlannedRun, planRuns, type RunRequest } from './plan-runs.ts';
import {
  type Invocation,
  type InvocationOptions,
  type Preparing,
  prepare,
  unknownHost,
} from './prepare-run.ts';
import { eventsFile, suitesFile } from './report-files.ts';
import { openRunFolder, writeReport } from './report-folder.ts';
import { qemuHost, type RunHost } from './run-host.ts';
import { filesInUse } from './scenario-image.ts';
import { SharedImages } from './shared-images.ts';
import { tryPageText } from './try-page.ts';
import { openWorkspace } from './workspace.ts';

/** What `brownout conform` was asked for. */
export interface ConformOptions extends RunRequest, Omit<InvocationOptions, 'powerCuts'> {
  choice: CaseChoice;
  /** Milliseconds for each case about power. */
  budgetMs: number;
  /** Whether cases are left out that an earlier run has decided. */
  reuse: boolean;
  jobs: number | undefined;
  events: EventSink;
  /** QEMU's where absent. */
  host?: RunHost;
}

/**
 * Holds the agent of each scenario on each machine to what it promises, and leaves index.html, conformance.json,
 * conformance.md and junit.xml. An empty list comes back where no scenario names the machine. Throws ScenarioError `no-such-case` before
 * anything is done, and HarnessError `reports-unwritable`.
 */
export async function runConformance(options: ConformOptions): Promise<ConformanceRecord[]> {
  const cases = chosenCases(options.choice);
  const plan = await planRuns(options, 'conform');
  if (plan === undefined) return [];
  await using workspace = await openWorkspace();
  const host = options.host ?? qemuHost;
  const notice = (message: string) => options.events({ type: 'notice', run: plan.id, message });
  const invocation: Invocation = {
    options: { ...options, powerCuts: { mode: 'none' } },
    workspace: workspace.path,
    vm: pLimit(options.jobs ?? defaultJobs()),
    host,
    images: new SharedImages(plan.runs, { host, signal: options.signal, notice }),
  };
  const records = await Promise.all(plan.runs.map((run) => runSuite(invocation, run, cases, options)));
  const below = (record: ConformanceRecord) =>
    plan.runs.length === 1 ? '' : record.id.slice(plan.id.length + 1);
  await writeAll(plan.root, records, invocation.host, notice, below);
  return records;
}

async function runSuite(
  invocation: Invocation,
  planned: PlannedRun,
  cases: readonly GroupedCase[],
  { events, budgetMs, reuse, seed }: Pick<ConformOptions, 'events' | 'budgetMs' | 'reuse' | 'seed'>,
): Promise<ConformanceRecord> {
  const { runId, folder, scenario, machine } = planned;
  await openRunFolder(folder);
  await using recorder = await JsonlRecorder.open(join(folder, eventsFile));
  const emit: EventSink = (event) => {
    recorder.sink(event);
    events(event);
  };
  const run: Preparing = {
    ...planned,
    emit,
    notice: (message) => emit({ type: 'notice', run: runId, message }),
    timings: {},
    manifest: undefined,
    host: unknownHost(),
  };
  emit({ type: 'run-started', run: runId, scenario: scenario.name, machine, folder });
  const [started, at] = [new Date(), performance.now()];
  const done: CaseRecord[] = [];
  const found = { cases: done, agent: scenario.agent.name, abilities: [], releases: {} };
  let suite: Pick<ConformanceRecord, 'cases' | 'agent' | 'abilities' | 'releases' | 'problem'> = found;
  try {
    await using stack = new CleanupStack();
    const context = await prepare(invocation, run, stack);
    const releases = castOf(scenario, context.manifest);
    await verifyFiles(filesInUse({ ...scenario, paths: [Object.values(releases)] }, context.manifest));
    emit({
      type: 'phase',
      run: runId,
      phase: 'conformance',
      detail: cases.length === 1 ? '1 case' : `${cases.length} cases`,
    });
    const { name: agent, abilities } = context.agent;
    const onCase = (record: CaseRecord) => {
      done.push(record);
      emit({ type: 'case', run: runId, done: done.length, total: cases.length, case: record });
    };
    const known = { agent, abilities, releases };
    suite = { ...known, cases: done };
    const { manifest, signal } = context;
    const makeWrong: MakeWrong = (wanted) =>
      invocation.host.wrongReleaseFor(scenario, manifest, wanted, signal);
    const kept = await earlierCases(context, { qemuVersion: run.host.qemu, seed, budgetMs, reuse });
    const asked = { cases, cast: releases, makeWrong, budgetMs, kept, onCase };
    suite = { ...known, cases: await conform(context, asked, stack) };
  } catch (error) {
    suite = { ...suite, problem: problemOf(error, folder) };
  }
  const seconds = secondsSince(at);
  const record: ConformanceRecord = {
    format: 1,
    id: runId,
    scenario: scenario.name,
    scenarioFile: scenario.source.path,
    machine,
    image: scenario.image,
    imageKey: run.manifest?.key ?? '',
    verdict: verdictOf(suite),
    started: started.toISOString(),
    seconds,
    ...suite,
  };
  await writeAll(folder, [record], invocation.host, run.notice);
  emit({ type: 'run-finished', run: runId, verdict: record.verdict, seconds });
  return record;
}

/** What earlier runs have decided of the cases; a case about power only has so much as its budget. */
async function earlierCases(
  context: RunContext,
  {
    budgetMs,
    reuse,
    ...settings
  }: { qemuVersion: string } & Pick<ConformOptions, 'seed' | 'budgetMs' | 'reuse'>,
): Promise<EarlierCases> {
  const ofDevices = await KeptVerdicts.open(context, keptCases, settings);
  const ofPower = await KeptVerdicts.open(context, keptCases, { ...settings, others: [budgetMs] });
  const of = (one: GroupedCase) => ('ask' in one ? ofPower : ofDevices);
  return {
    find: async (one) => {
      const known = reuse ? await of(one).find(one.id) : undefined;
      return known && { ...known.value, seconds: 0, done: known.decided };
    },
    keep: (one, record) => of(one).keep(one.id, record),
  };
}

/** Cases that were not to be judged decide nothing; a suite without any that was decides nothing either. */
function verdictOf({
  cases,
  problem,
}: Pick<ConformanceRecord, 'cases' | 'problem'>): ConformanceRecord['verdict'] {
  const verdicts = cases.flatMap(({ verdict }) => judged[verdict] ?? []);
  return worst(problem === undefined ? verdicts : [...verdicts, 'error']);
}

/** What a case says of the suite; nothing where it was not to be judged. */
const judged: Partial<Record<CaseVerdict, ConformanceRecord['verdict']>> = {
  ...{ passed: 'passed', failed: 'failed', error: 'error', unknown: 'unknown', 'proves-nothing': 'unknown' },
};

/** `folderOf` names a suite's folder relative to `folder`. */
async function writeAll(
  folder: string,
  records: readonly ConformanceRecord[],
  host: RunHost,
  notice: (message: string) => void,
  folderOf: (record: ConformanceRecord) => string = () => '',
): Promise<void> {
  await writeReport(join(folder, suitesFile), `${JSON.stringify(records, null, 2)}\n`);
  await writeReport(join(folder, 'conformance.md'), conformanceMarkdown(records));
  await writeReport(join(folder, 'junit.xml'), conformanceJunit(records));
  const suites = records.map((record) => ({ record, folder: folderOf(record) }));
  const text = (parts: PageParts) => conformancePage(basename(folder), suites, parts);
  await tryPageText(host, notice, { folder, text });
}
