import { join } from 'node:path';
import pLimit from 'p-limit';
import { CleanupStack } from '../core/cleanup.ts';
import { HarnessError } from '../core/errors.ts';
import type { SharedLedger } from '../crash/boot-ledger.ts';
import type { ExploreLimits } from '../crash/explore-cuts.ts';
import type { RunProgress } from '../crash/power-cuts.ts';
import { knownCuts, statesRecord } from '../crash/run-states.ts';
import { problemOf, secondsSince } from '../device/checklist.ts';
import type { EventSink } from '../model/event.ts';
import type { MachineName } from '../model/machine.ts';
import type { Problem, RunRecord } from '../model/record.ts';
import type { Scenario } from '../model/scenario.ts';
import type { Shard } from '../model/shard.ts';
import { isExpired, knownOn } from '../oracle/known.ts';
import { JsonlRecorder } from '../report/recorder.ts';
import { storeStates } from '../report/stored-states.ts';
import { writePage, writeRunsPage } from './build-page.ts';
import { defaultJobs } from './jobs.ts';
import { type PlannedRun, planRuns, type RunRequest, type RunsPlan } from './plan-runs.ts';
import {
  type Invocation,
  type InvocationOptions,
  type Preparing,
  prepare,
  unknownHost,
} from './prepare-run.ts';
import { eventsFile, statesFile } from './report-files.ts';
import { openRunFolder, writeAllRuns, writeReport, writeRun } from './report-folder.ts';
import { qemuHost, type RunHost } from './run-host.ts';
import { dayOf, makeRecord } from './run-record.ts';
import { type RecordingsPlan, runScenario } from './run-scenario.ts';
import { SharedImages } from './shared-images.ts';
import { tryPage } from './try-page.ts';
import { ledgerFolder } from './worker-record.ts';
import { openWorkspace } from './workspace.ts';

/** What `brownout run` was asked for. */
export interface RunOptions extends RunRequest, InvocationOptions {
  /** Of `--power-cuts all`. */
  limits: ExploreLimits;
  /** Virtual machines at once; by cores and free memory where undefined. */
  jobs: number | undefined;
  recordings: RecordingsPlan;
  /** Of what workers have left to be merged: which parts none of them has finished. */
  unfinished?: (scenario: Scenario, machine: MachineName) => readonly string[];
  events: EventSink;
  /** QEMU's where absent. */
  host?: RunHost;
}

/** What all runs of one invocation share. */
type RunInvocation = Invocation & { options: RunOptions };

/**
 * Runs every scenario on every machine asked for and leaves a report folder for each; trouble with one does not
 * stop the others. An empty list comes back where no scenario names the machine. Throws only where a report
 * cannot be written, once all runs have ended.
 */
export async function runScenarios(options: RunOptions): Promise<RunRecord[]> {
  const plan = await planRuns(options, '');
  if (plan === undefined) return [];
  await using workspace = await openWorkspace();
  const host = options.host ?? qemuHost;
  const notice = (message: string) => options.events({ type: 'notice', run: plan.id, message });
  const jobs = options.jobs ?? defaultJobs();
  const invocation: RunInvocation = {
    options,
    workspace: workspace.path,
    vm: pLimit(jobs),
    host,
    images: new SharedImages(plan.runs, { host, signal: options.signal, notice }),
  };
  const ended = await Promise.allSettled(plan.runs.map((run) => runOne(invocation, run)));
  const records = ended.flatMap((run) => (run.status === 'fulfilled' ? [run.value] : []));
  if (plan.runs.length > 1) await writeAll(invocation, plan, records);
  for (const run of ended) if (run.status === 'rejected') throw run.reason;
  return records;
}

/** A run that is under way; what it finds out about itself is filled in, so that an early end still tells it. */
interface BegunRun extends Preparing {
  began: { date: Date; at: number };
  progress: RunProgress;
}

async function runOne(invocation: RunInvocation, planned: PlannedRun): Promise<RunRecord> {
  const { runId, folder, scenario, machine } = planned;
  await openRunFolder(folder);
  await using recorder = await JsonlRecorder.open(join(folder, eventsFile));
  const run = begin(planned, (event) => {
    recorder.sink(event);
    invocation.options.events(event);
  });
  run.emit({ type: 'run-started', run: runId, scenario: scenario.name, machine, folder });
  let problem: Problem | undefined;
  try {
    await using stack = new CleanupStack();
    const context = await prepare(invocation, run, stack);
    const { powerCuts, limits, recordings, seed } = invocation.options;
    const today = dayOf(run.began.date);
    const isKnown = knownOn(scenario.known, machine).some((entry) => !isExpired(entry, today));
    const ledger = limits.ledger ?? ownLedger(limits.shard, folder);
    const plan = {
      powerCuts,
      limits: { ...limits, ledger, ...(isKnown ? { thorough: true as const } : {}) },
      recordings,
      seed,
      qemuVersion: run.host.qemu,
    };
    await runScenario(context, plan, run.progress);
  } catch (error) {
    problem = problemOf(error, folder);
  }
  return await finish(invocation, run, problem, recorder);
}

/** Where a worker that shares no folder keeps what it has booted, for whoever merges. */
function ownLedger(shard: Shard | undefined, folder: string): SharedLedger | undefined {
  return shard && { folder: join(folder, ledgerFolder), besides: [], live: false };
}

function begin(planned: PlannedRun, emit: EventSink): BegunRun {
  return {
    ...planned,
    began: { date: new Date(), at: performance.now() },
    emit,
    notice: (message) => emit({ type: 'notice', run: planned.runId, message }),
    timings: {},
    progress: {
      paths: [],
      recordings: [],
      cuts: [],
      findings: [],
      explorations: [],
      reported: new Set(),
      stages: [],
      laterCuts: [],
    },
    manifest: undefined,
    host: unknownHost(),
  };
}

/** Writes down what the run came to. Throws HarnessError `reports-unwritable`. */
async function finish(
  { options: { seed, powerCuts: asked, recordings, limits, unfinished }, host }: RunInvocation,
  run: BegunRun,
  problem: Problem | undefined,
  recorder: JsonlRecorder,
): Promise<RunRecord> {
  const { runId, scenario, machine, folder, manifest, timings, began, progress } = run;
  const seconds = secondsSince(began.at);
  const powerCuts = recordings.only === true ? ({ mode: 'none' } as const) : asked;
  const facts = {
    runId,
    scenario,
    machine,
    manifest,
    seed,
    powerCuts,
    shard: limits.shard,
    unfinished: unfinished?.(scenario, machine) ?? [],
    started: began.date,
    seconds,
  };
  const record = makeRecord(
    { ...facts, timings, host: run.host, ...(problem === undefined ? {} : { problem }) },
    progress,
  );
  const states = statesRecord(runId, progress, knownCuts(record));
  if (states !== undefined) await writeReport(join(folder, statesFile), storeStates(states));
  await writeRun(folder, record);
  await tryPage(host, run.notice, (parts) => writePage(folder, record, [], parts));
  if (recorder.failure !== undefined)
    throw new HarnessError(
      'reports-unwritable',
      `events are missing from ${eventsFile}: ${recorder.failure.message}`,
      { cause: recorder.failure },
    );
  run.emit({ type: 'run-finished', run: runId, verdict: record.verdict, seconds });
  return record;
}

/** Writes what tells of several runs together. Throws HarnessError `reports-unwritable`. */
async function writeAll(
  { host, options }: RunInvocation,
  plan: RunsPlan,
  records: readonly RunRecord[],
): Promise<void> {
  const folderOf = (record: RunRecord) => record.id.slice(plan.id.length + 1);
  await writeAllRuns(plan.root, records, folderOf);
  const runs = records.map((record) => ({ record, folder: folderOf(record) }));
  const notice = (message: string) => options.events({ type: 'notice', run: plan.id, message });
  await tryPage(host, notice, (parts) => writeRunsPage(plan.root, runs, parts));
}
