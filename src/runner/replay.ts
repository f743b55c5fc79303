import { access, open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { CleanupStack } from '../core/cleanup.ts';
import { Deadline } from '../core/deadline.ts';
import { HarnessError, ScenarioError } from '../core/errors.ts';
import { makeWritable } from '../core/writable-folder.ts';
import { bootState } from '../crash/boot-state.ts';
import { type CarriedImage, restoreCarried } from '../crash/carried.ts';
import { assertWritable, writeCarriedFinding } from '../crash/carried-finding.ts';
import { readFindingHeader, restoreFinding } from '../crash/finding-file.ts';
import { unreadable } from '../crash/finding-stream.ts';
import { type PlannedState, parseToken } from '../crash/planned.ts';
import { openDevice } from '../device/device.ts';
import { openRunContext } from '../device/open-context.ts';
import type { RunContext } from '../device/run-context.ts';
import type { DiskView } from '../filesystem/view.ts';
import { verifyFiles } from '../image/manifest.ts';
import type { RunEvent } from '../model/event.ts';
import type { CutRecord } from '../model/record.ts';
import type { Scenario } from '../model/scenario.ts';
import { upgradeName, upgradesOf } from '../model/upgrade.ts';
import {
  differingInputs,
  type Inputs,
  inputsDigest,
  inputsOf,
  inputsOfScenario,
  type StoredInputs,
} from '../recording/inputs.ts';
import { findRecording, type WholeRecording } from '../recording/recordings.ts';
import { disksIn, type Trace } from '../recording/trace.ts';
import type { PlannedReplay } from '../report/replay-story.ts';
import { loadScenario } from '../scenario/load.ts';
import type { Broken, Ready } from '../target/target.ts';
import { type CrashState, describeState } from '../writelog/crash-state.ts';
import { parseStateId } from '../writelog/state-id.ts';
import { type Window, windowsOf } from '../writelog/windows.ts';
import { openReportFolder, openRunFolder, timeId } from './report-folder.ts';
import { qemuHost, type RunHost } from './run-host.ts';
import { assertReleases, filesInUse } from './scenario-image.ts';
import { openWorkspace } from './workspace.ts';

/** What is to be replayed, and where it may leave something. */
export interface ReplayOptions {
  /** A token, or the path of a finding. */
  what: string;
  /** Folder of reports: gets one more, and is searched for the finding of a token whose recording is gone. */
  reports: string;
  /** Folder for raw images of the state's disks; then nothing is booted. */
  exportTo: string | undefined;
  /** Whether the image that a finding holds is booted, not the one that is here. */
  takeCarried?: boolean | undefined;
  /** Where a finding is written that holds all that this boot has read: it replays without the image. */
  carryTo?: string | undefined;
  /** Gets the device instead of the checks; it is switched off afterwards. */
  handOver: ((device: Ready | Broken) => Promise<void>) | undefined;
  sshPort: number | undefined;
  /** Of the guest's random numbers, QEMU's -seed; absent: the usual one. */
  randomSeed?: number | undefined;
  /** Whether the guest of a finding may reach all that this host reaches, where the finding asks for that. */
  allowOpenNetwork?: boolean | undefined;
  onEvent: (event: RunEvent) => void;
  /** Told before a device is switched on to be checked. */
  onPlanned?: (planned: PlannedReplay) => void;
  signal: AbortSignal;
  /** QEMU's where absent. */
  host?: RunHost;
}

/** What a replay came to. */
export interface Replayed {
  scenario: Scenario;
  /** The reason that was found when the failure was. */
  reason: string;
  /** The report folder; absent where nothing was booted. */
  folder?: string;
  /** Absent where nothing was checked. */
  cut?: CutRecord;
  /** Written images. */
  images: string[];
}

/** Where a state comes from. */
interface Source {
  token: string;
  /** What of its image a finding holds, written below a folder; undefined: nothing. */
  carried?: (folder: string) => Promise<CarriedImage | undefined>;
  scenario: Scenario;
  inputs: StoredInputs;
  reason: string;
  /** The version of QEMU that it was made with; absent: nobody knows. */
  qemu?: string | undefined;
  /** Restores logs and data into a workspace. */
  restore: (
    context: Pick<RunContext, 'manifest' | 'workspace'>,
    carried: CarriedImage | undefined,
  ) => Promise<{ trace: Trace; state: CrashState; window: Window }>;
}

/**
 * Boots exactly the crash state that a token or a finding names, and checks it. Throws ScenarioError `token-invalid`,
 * `finding-unreadable`, `open-network`, `recording-missing`, `inputs-changed`, `carry-unfit`, and HarnessError `carried-too-little`
 * and `folder-unwritable`.
 */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { signal, host = qemuHost } = options;
  const source = await sourceOf(options);
  const { scenario, inputs } = source;
  await using stack = new CleanupStack();
  const workspace = stack.use('workspace', await openWorkspace());
  const notice = (message: string) => options.onEvent({ type: 'notice', run: 'replay', message });
  const carried = await source.carried?.(workspace.path);
  const { takeCarried = false } = options;
  if (takeCarried && carried === undefined)
    throw new ScenarioError('carry-unfit', `${options.what} holds nothing of its image`, {
      hint: 'brownout replay --carry makes a finding that does, where the image is still what it was',
    });
  if (carried !== undefined && !takeCarried)
    notice('the finding holds what it needs of its image; --carried boots that, not the image that is here');
  const manifest =
    takeCarried && carried !== undefined
      ? carried.manifest
      : await host.imageFor(scenario, inputs.machine, { signal, onNotice: notice });
  const differing = differingInputs(inputs, inputsOf(scenario, manifest, inputs.path, inputs.recording));
  if (differing.length > 0 && takeCarried)
    throw unreadable(
      options.what,
      new Error(`it was not made with the image that it holds; different: ${differing.join(', ')}`),
    );
  if (differing.length > 0) throw changed(differing, carried !== undefined);
  await assertReleases(scenario, manifest);
  if (!takeCarried) await verifyFiles(filesInUse(scenario, manifest));
  const planned = await source.restore({ manifest, workspace: workspace.path }, carried);
  const done = { scenario, reason: source.reason, images: [] };
  if (options.exportTo !== undefined) {
    const { views } = await disksIn({ manifest }, planned.trace, planned.state, stack);
    if (carried !== undefined) notice(zerosText);
    const names = manifest.disks.map(({ id }) => id);
    await makeWritable(options.exportTo, '--export-disk');
    return { ...done, images: await writeImages(options.exportTo, names, views) };
  }
  if (options.carryTo !== undefined) await assertWritable(options.carryTo);
  const qemuVersion = await host.qemuVersion(inputs.machine, signal);
  if (source.qemu !== undefined && source.qemu !== qemuVersion)
    notice(
      `it was made with QEMU ${source.qemu}, and here is ${qemuVersion}: where the device comes up otherwise, that may be why`,
    );
  // Only a boot has something to report: what is refused leaves no folder, and `latest` where it was.
  const folder = await openReportFolder(options.reports, `${timeId(new Date())}-replay`);
  await openRunFolder(folder);
  // Whoever gave orders there, here it is our own server: a stranger's finding must not have us speak to another.
  const context = await openRunContext(
    {
      runId: 'replay',
      scenario,
      machine: inputs.machine,
      manifest,
      accelerator: { accelerator: 'tcg', reason: 'as it was recorded' },
      qemuVersion,
      folder,
      workspace: workspace.path,
      vm: pLimit(1),
      seed: 'replay',
      sshPort: options.sshPort,
      signal,
      emit: options.onEvent,
      notice,
      timings: {},
      createTarget: host.createTarget,
    },
    stack,
  );
  const { handOver: take, randomSeed = 0 } = options;
  if (take !== undefined) {
    if (carried !== undefined) notice(zerosText);
    await handOver(context, planned, { take, randomSeed });
    return { ...done, folder };
  }
  // The release to install again is not in a finding.
  const retry = scenario.expect.retry === 'succeeds' && carried === undefined;
  options.onPlanned?.({
    ...{ scenario: scenario.name, machine: inputs.machine, reason: source.reason, retry },
    ...{ upgrade: upgradeText(planned), during: planned.window.phase },
    description: describeState(planned.trace.log, planned.state),
    bootsWithinMs: scenario.expect.bootsWithinMs,
  });
  const { record, stages } = await bootState(context, planned, { label: 'replay', retry, randomSeed });
  assertHeld(carried);
  const { carryTo } = options;
  const { token, reason } = source;
  if (carryTo !== undefined)
    await writeCarriedFinding(context, planned, { stages, token, reason, to: carryTo });
  return { ...done, folder, cut: record };
}

const zerosText = 'the disks have what the finding holds, and zeros everywhere else';

/** Throws HarnessError `carried-too-little` where a device has read what the finding does not hold. */
function assertHeld(carried: CarriedImage | undefined): void {
  const lacking = carried?.lacking() ?? 0;
  if (lacking === 0) return;
  throw new HarnessError(
    'carried-too-little',
    `the device has read ${lacking} sectors that the finding does not hold, so that what became of it shows nothing`,
    { hint: 'replay again; or replay the finding that it was made of, which needs the image' },
  );
}

function upgradeText({ trace, window }: PlannedState): string {
  const upgrade = upgradesOf(trace.releases)[window.upgrade];
  return upgrade === undefined ? '' : upgradeName(upgrade);
}

async function handOver(
  context: RunContext,
  { trace, state }: PlannedState,
  { take, randomSeed }: { take: (device: Ready | Broken) => Promise<void>; randomSeed: number },
): Promise<void> {
  await using stack = new CleanupStack();
  const { disks } = await disksIn(context, trace, state, stack);
  const device = await openDevice(context, 'replay', disks, stack, undefined, { randomSeed, afterCut: true });
  const booting = await device.target.powerOn();
  await take(await booting.untilReady(Deadline.after(context.scenario.expect.bootsWithinMs), context.signal));
}

async function sourceOf({ what, reports, allowOpenNetwork }: ReplayOptions): Promise<Source> {
  if (what.endsWith('.brownout')) return fromFinding(what, allowOpenNetwork);
  const token = parseToken(what);
  const recording = token.state.includes('/') ? undefined : await unlessDamaged(token.log);
  if (recording === undefined || recording instanceof HarnessError) {
    const path = await findingOf(what, reports);
    if (path !== undefined) return fromFinding(path, allowOpenNetwork);
    if (recording !== undefined) throw recording;
    throw new ScenarioError(
      'recording-missing',
      `the recording ${token.log} that the token speaks of is not in this host's cache, and no finding below ${reports} has it`,
      { hint: 'give the finding-*.brownout file that the run left instead: it holds the recording' },
    );
  }
  const scenario = await scenarioNow(recording.scenario);
  const now: Inputs = { ...inputsOfScenario(scenario), ...pick(recording.inputs), path: recording.releases };
  const differing = differingInputs(recording.inputs, now);
  if (differing.length > 0) throw changed(differing);
  if (!inputsDigest(recording.inputs).startsWith(token.inputs)) throw changed(['the digest of the inputs']);
  const [name, id] = split(token.state);
  const state = parseStateId(id);
  const window = windowsOf(recording.log).find(
    ({ from, to }) => state !== undefined && state.at > from && state.at <= to,
  );
  if (state === undefined || window === undefined)
    throw new ScenarioError('token-invalid', `the recording has no state ${token.state}`);
  return {
    token: what,
    scenario,
    inputs: recording.inputs,
    reason: '',
    qemu: recording.qemu,
    restore: () =>
      Promise.resolve({
        trace: { ...recording, recording: recording.inputs.recording, name },
        state,
        window,
      }),
  };
}

/** What the scenario's file says now. What it said then where it is gone: another file that says the same may have the token. */
async function scenarioNow(recorded: Scenario): Promise<Scenario> {
  const { path } = recorded.source;
  const isGone = await access(path).then(
    () => false,
    (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT',
  );
  return isGone ? recorded : loadScenario(path);
}

/** The recording, or why it cannot be read: a finding may have what it lacks. */
async function unlessDamaged(digest: string): Promise<WholeRecording | HarnessError | undefined> {
  try {
    return await findRecording(digest);
  } catch (error) {
    if (error instanceof HarnessError) return error;
    throw error;
  }
}

/** `p1.197.none` to `p1` and `197.none`. */
function split(state: string): [string, string] {
  const at = state.indexOf('.');
  return [state.slice(0, at), state.slice(at + 1)];
}

function pick(inputs: StoredInputs): Pick<Inputs, 'image content' | 'machine' | 'recording'> {
  const { machine, recording } = inputs;
  return {
    'image content': inputs['image content'],
    machine,
    ...(recording === undefined ? {} : { recording }),
  };
}

/** A finding may come from anybody: what runs in its guest, and what its guest asks to reach, is its maker's choice. */
async function fromFinding(path: string, allowOpenNetwork = false): Promise<Source> {
  const { token, scenario, inputs, reason, made } = await readFindingHeader(path);
  if (scenario.network === 'open' && !allowOpenNetwork)
    throw new ScenarioError(
      'open-network',
      `${path}: its scenario has network: open, so that its guest would reach whatever this host reaches`,
      { hint: 'if you trust who made it: brownout replay --allow-open-network' },
    );
  // A path by way of `latest` leads elsewhere once another run begins, as while an image is built.
  const file = await realpath(path);
  return {
    ...{ token, scenario, inputs, reason, qemu: made?.qemu },
    carried: (folder) => restoreCarried(file, folder),
    restore: (context, carried) => restoreFinding(context, file, carried),
  };
}

/** The finding with this token, in some report. */
async function findingOf(token: string, reports: string): Promise<string | undefined> {
  const names = await readdir(reports, { recursive: true }).catch(() => []);
  for (const name of names.filter((candidate) => candidate.endsWith('.brownout'))) {
    const path = join(reports, name);
    const header = await readFindingHeader(path).catch(() => undefined);
    if (header?.token === token) return path;
  }
  return undefined;
}

function changed(differing: readonly string[], isCarried = false): ScenarioError {
  return new ScenarioError(
    'inputs-changed',
    `what the state was recorded with is not what is here now; different: ${differing.join(', ')}`,
    {
      hint: isCarried
        ? 'the finding holds what it needs of its image, firmware and kernel included: brownout replay --carried boots that'
        : 'go back to the scenario and image of that time, or run again to see whether it still fails; a finding that was made with --carry needs no image',
    },
  );
}

const chunkBytes = 1 << 20;

/** Writes each disk of a state as a raw image; stretches of zeros stay holes. Returns the paths. */
async function writeImages(
  folder: string,
  names: readonly string[],
  views: readonly DiskView[],
): Promise<string[]> {
  const paths: string[] = [];
  for (const [i, view] of views.entries()) {
    const path = join(folder, `${names[i] ?? i}.img`);
    await using file = await open(path, 'w');
    await file.truncate(view.bytes);
    for (let at = 0; at < view.bytes; at += chunkBytes) {
      const data = view.read(at, Math.min(chunkBytes, view.bytes - at));
      if (data.some((byte) => byte !== 0)) await file.write(data, 0, data.length, at);
    }
    paths.push(path);
  }
  return paths;
}
