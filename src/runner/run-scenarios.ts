import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { CleanupStack } from '../core/cleanup.ts';
import { HarnessError } from '../core/errors.ts';
import type { ExploreLimits } from '../crash/explore-cuts.ts';
import type { RunProgress } from '../crash/power-cuts.ts';
import { problemOf, secondsSince } from '../device/checklist.ts';
import { openRunContext } from '../device/open-context.ts';
import type { RunContext } from '../device/run-context.ts';
import { verifyFiles } from '../image/manifest.ts';
import type { EventSink } from '../model/event.ts';
import type { ImageManifest } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import type { Problem, RunRecord } from '../model/record.ts';
import type { PowerCuts, Scenario } from '../model/scenario.ts';
import { scenarioSlug } from '../model/scenario.ts';
import { type AcceleratorChoice, chooseAccelerator } from '../qemu/accelerator.ts';
import { assertFaults } from '../recording/source-trouble.ts';
import { JsonlRecorder } from '../report/recorder.ts';
import { defaultJobs } from './jobs.ts';
import { eventsFile } from './report-files.ts';
import { openReportFolder, openRunFolder, timeId, writeAllRuns, writeRun } from './report-folder.ts';
import { qemuHost, type RunHost } from './run-host.ts';
import { makeRecord } from './run-record.ts';
import { runScenario } from './run-scenario.ts';
import { assertReleases, filesInUse, imageId } from './scenario-image.ts';
import { openWorkspace } from './workspace.ts';

/** What `brownout run` was asked for. */
export interface RunOptions {
  scenarios: readonly Scenario[];
  /** Only this machine; every machine of each scenario where undefined. */
  machine: MachineName | undefined;
  powerCuts: PowerCuts;
  /** Of `--power-cuts all`. */
  limits: ExploreLimits;
  seed: string;
  /** Folder for reports, created if missing. */
  reports: string;
  /** Virtual machines at once; by cores and free memory where undefined. */
  jobs: number | undefined;
  /** Bytes that one device may write; absent: as its disks are large. */
  diskBudget?: number | undefined;
  /** Host port for the guests' ssh; a free one each where undefined. */
  sshPort: number | undefined;
  /** Record again even where an earlier run with equal inputs has left a recording. */
  freshRecording: boolean;
  events: EventSink;
  signal: AbortSignal;
  /** QEMU's where absent. */
  host?: RunHost;
}

/** What all runs of one invocation share. */
interface Invocation {
  options: RunOptions;
  workspace: string;
  vm: LimitFunction;
  host: RunHost;
  images: Map<string, Promise<ImageManifest>>;
}

interface PlannedRun {
  scenario: Scenario;
  machine: MachineName;
  folder: string;
  runId: string;
}

/**
 * Runs every scenario on every machine asked for and leaves a report folder for each; trouble with one does not
 * stop the others. An empty list comes back where no scenario names the machine. Throws only where a report
 * cannot be written, once all runs have ended.
 */
export async function runScenarios(options: RunOptions): Promise<RunRecord[]> {
  const pairs = options.scenarios.flatMap((scenario) =>
    scenario.machines
      .filter((machine) => options.machine === undefined || machine === options.machine)
      .map((machine) => ({ scenario, machine })),
  );
  if (pairs.length === 0) return [];
  const id = timeId(new Date());
  const names = distinctNames(
    pairs.map(({ scenario, machine }) => `${scenarioSlug(scenario.source.path)}-${machine}`),
  );
  const only = names.length === 1 ? names[0] : undefined;
  const root = await openReportFolder(options.reports, only === undefined ? id : `${id}-${only}`);
  await using workspace = await openWorkspace();
  const jobs = options.jobs ?? defaultJobs();
  const invocation: Invocation = {
    options,
    workspace: workspace.path,
    vm: pLimit(jobs),
    host: options.host ?? qemuHost,
    images: new Map(),
  };
  const ended = await Promise.allSettled(
    pairs.map((pair, i) => {
      const name = names[i] ?? '';
      const folder = only === undefined ? join(root, name) : root;
      return runOne(invocation, { ...pair, folder, runId: `${id}-${name}` });
    }),
  );
  const records = ended.flatMap((run) => (run.status === 'fulfilled' ? [run.value] : []));
  if (only === undefined) await writeAllRuns(root, records, (record) => record.id.slice(id.length + 1));
  for (const run of ended) if (run.status === 'rejected') throw run.reason;
  return records;
}

/** Numbers what is there more than once: scenarios in different folders may have the same file name. */
function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let n = 2; taken.has(free); n += 1) free = `${name}-${n}`;
    taken.add(free);
    return free;
  });
}

/** A run that is under way; what it finds out about itself is filled in, so that an early end still tells it. */
interface BegunRun extends PlannedRun {
  began: { date: Date; at: number };
  emit: EventSink;
  notice: (message: string) => void;
  timings: Record<string, number>;
  progress: RunProgress;
  manifest: ImageManifest | undefined;
  host: RunRecord['host'];
}

async function runOne(invocation: Invocation, planned: PlannedRun): Promise<RunRecord> {
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
    const { powerCuts, limits, freshRecording } = invocation.options;
    const plan = { powerCuts, limits, freshRecording, qemuVersion: run.host.qemu };
    await runScenario(context, plan, run.progress);
  } catch (error) {
    problem = problemOf(error, folder);
  }
  return await finish(invocation, run, problem, recorder);
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
      stages: [],
      laterCuts: [],
    },
    manifest: undefined,
    host: {
      node: process.version,
      qemu: '',
      cores: availableParallelism(),
      accelerator: '',
      acceleratorReason: '',
    },
  };
}

/** Has the image built and checked, chooses how its machines run, and gathers what the run works with. */
async function prepare(invocation: Invocation, run: BegunRun, stack: CleanupStack): Promise<RunContext> {
  const { options, host, workspace, vm } = invocation;
  const { runId, scenario, machine, folder, emit, notice, timings } = run;
  const { seed, sshPort, diskBudget, signal } = options;
  emit({ type: 'phase', run: runId, phase: 'image', detail: `${scenario.image} for ${machine}` });
  const manifest = await image(invocation, scenario, machine, notice);
  run.manifest = manifest;
  assertReleases(scenario, manifest);
  await verifyFiles(filesInUse(scenario, manifest));
  run.host.qemu = await host.qemuVersion(machine, signal);
  const accelerator = await accelerate(manifest, options);
  run.host.accelerator = accelerator.accelerator;
  run.host.acceleratorReason = accelerator.reason;
  const { createTarget } = host;
  const device = { runId, scenario, machine, manifest, accelerator, sshPort, diskBudget, createTarget };
  const surroundings = { folder, workspace, vm, seed, signal, emit, notice, timings };
  const context = await openRunContext({ ...device, ...surroundings }, stack);
  assertFaults(context);
  return context;
}

/** Writes down what the run came to. Throws HarnessError `reports-unwritable`. */
async function finish(
  { options: { seed, powerCuts } }: Invocation,
  run: BegunRun,
  problem: Problem | undefined,
  recorder: JsonlRecorder,
): Promise<RunRecord> {
  const { runId, scenario, machine, folder, manifest, timings, host, began, progress } = run;
  const seconds = secondsSince(began.at);
  const facts = { runId, scenario, machine, manifest, seed, powerCuts, started: began.date, seconds };
  const record = makeRecord(
    { ...facts, timings, host, ...(problem === undefined ? {} : { problem }) },
    progress,
  );
  await writeRun(folder, record);
  if (recorder.failure !== undefined)
    throw new HarnessError(
      'reports-unwritable',
      `events are missing from ${eventsFile}: ${recorder.failure.message}`,
      { cause: recorder.failure },
    );
  run.emit({ type: 'run-finished', run: runId, verdict: record.verdict, seconds });
  return record;
}

/** Builds an image once per invocation, whichever runs ask for it. */
function image(
  invocation: Invocation,
  scenario: Scenario,
  machine: MachineName,
  onNotice: (message: string) => void,
): Promise<ImageManifest> {
  const key = `${imageId(scenario)} ${machine}`;
  const known = invocation.images.get(key);
  if (known !== undefined) return known;
  const building = invocation.host.imageFor(scenario, machine, {
    signal: invocation.options.signal,
    onNotice,
  });
  invocation.images.set(key, building);
  return building;
}

/** Crash states are explored under TCG, which is deterministic enough; without cuts the fastest that works is taken. */
function accelerate(manifest: ImageManifest, options: RunOptions): Promise<AcceleratorChoice> {
  if (options.powerCuts.mode !== 'none')
    return Promise.resolve({
      accelerator: 'tcg',
      reason: 'power cuts are decided under TCG, which is deterministic enough',
    });
  return chooseAccelerator({ machine: manifest.machine, probe: manifest.probe, signal: options.signal });
}
