import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { CleanupStack } from '../core/cleanup.ts';
import { HarnessError } from '../core/errors.ts';
import type { ExploreLimits } from '../crash/explore-cuts.ts';
import type { RunProgress } from '../crash/progress.ts';
import { problemOf, secondsSince } from '../device/checklist.ts';
import { openRunContext } from '../device/open-context.ts';
import { verifyFiles } from '../image/manifest.ts';
import type { EventSink, RunEvent } from '../model/event.ts';
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

async function runOne(invocation: Invocation, run: PlannedRun): Promise<RunRecord> {
  const { options } = invocation;
  const { runId, folder, scenario, machine } = run;
  await openRunFolder(folder);
  const started = performance.now();
  const facts = {
    runId,
    scenario,
    machine,
    folder,
    seed: options.seed,
    powerCuts: options.powerCuts,
    started: new Date(),
  };
  const timings: Record<string, number> = {};
  const progress: RunProgress = { paths: [], recordings: [], cuts: [], findings: [], explorations: [] };
  const host = {
    node: process.version,
    qemu: '',
    cores: availableParallelism(),
    accelerator: '',
    acceleratorReason: '',
  };
  let manifest: ImageManifest | undefined;
  let problem: Problem | undefined;
  await using recorder = await JsonlRecorder.open(join(folder, eventsFile));
  const emit = (event: RunEvent) => {
    recorder.sink(event);
    options.events(event);
  };
  emit({ type: 'run-started', run: runId, scenario: scenario.name, machine, folder });
  try {
    const notice = (message: string) => emit({ type: 'notice', run: runId, message });
    emit({ type: 'phase', run: runId, phase: 'image', detail: `${scenario.image} for ${machine}` });
    manifest = await image(invocation, scenario, machine, notice);
    assertReleases(scenario, manifest);
    await verifyFiles(filesInUse(scenario, manifest));
    host.qemu = await invocation.host.qemuVersion(machine, options.signal);
    const accelerator = await accelerate(manifest, options);
    host.accelerator = accelerator.accelerator;
    host.acceleratorReason = accelerator.reason;
    await using stack = new CleanupStack();
    const context = await openRunContext(
      {
        runId,
        scenario,
        machine,
        manifest,
        accelerator,
        folder,
        workspace: invocation.workspace,
        vm: invocation.vm,
        seed: options.seed,
        sshPort: options.sshPort,
        signal: options.signal,
        emit,
        notice,
        timings,
        createTarget: invocation.host.createTarget,
      },
      stack,
    );
    assertFaults(context);
    await runScenario(
      context,
      {
        powerCuts: options.powerCuts,
        limits: options.limits,
        freshRecording: options.freshRecording,
        qemuVersion: host.qemu,
      },
      progress,
    );
  } catch (error) {
    problem = problemOf(error, folder);
  }
  const seconds = secondsSince(started);
  const record = makeRecord(
    { ...facts, manifest, seconds, timings, host, ...(problem === undefined ? {} : { problem }) },
    progress,
  );
  await writeRun(folder, record);
  if (recorder.failure !== undefined)
    throw new HarnessError(
      'reports-unwritable',
      `events are missing from ${eventsFile}: ${recorder.failure.message}`,
      { cause: recorder.failure },
    );
  emit({ type: 'run-finished', run: runId, verdict: record.verdict, seconds });
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
