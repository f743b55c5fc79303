import { availableParallelism } from 'node:os';
import type { LimitFunction } from 'p-limit';
import type { CleanupStack } from '../core/cleanup.ts';
import { openRunContext } from '../device/open-context.ts';
import type { RunContext } from '../device/run-context.ts';
import { verifyFiles } from '../image/manifest.ts';
import type { EventSink } from '../model/event.ts';
import type { ImageManifest } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import type { RunRecord } from '../model/record.ts';
import type { PowerCuts, Scenario } from '../model/scenario.ts';
import { chooseAccelerator } from '../qemu/accelerator.ts';
import { acceleratorFor, type WantedAccelerator } from '../qemu/wanted-accelerator.ts';
import { assertFaults } from '../recording/source-trouble.ts';
import { hawkbitAccount } from './hawkbit-account.ts';
import type { RunHost } from './run-host.ts';
import { assertReleases, filesInUse } from './scenario-image.ts';
import type { SharedImages } from './shared-images.ts';

/** What all runs of one invocation share. */
export interface Invocation {
  options: InvocationOptions;
  workspace: string;
  vm: LimitFunction;
  host: RunHost;
  images: SharedImages;
}

/** What every command that boots a scenario's devices is asked. */
export interface InvocationOptions {
  powerCuts: PowerCuts;
  seed: string;
  /** What runs the guests; absent: the best for what is to be done. */
  accelerator?: WantedAccelerator;
  /** Bytes that one device may write; absent: as its disks are large. */
  diskBudget?: number | undefined;
  /** Host port for the guests' ssh; a free one each where undefined. */
  sshPort: number | undefined;
  signal: AbortSignal;
}

/** A scenario on a machine that is about to be run; what is found out on the way is filled in. */
export interface Preparing {
  runId: string;
  scenario: Scenario;
  machine: MachineName;
  folder: string;
  emit: EventSink;
  notice: (message: string) => void;
  timings: Record<string, number>;
  manifest: ImageManifest | undefined;
  host: RunRecord['host'];
}

/** Of a host that nobody has asked yet. */
export function unknownHost(): RunRecord['host'] {
  return {
    node: process.version,
    qemu: '',
    cores: availableParallelism(),
    accelerator: '',
    acceleratorReason: '',
  };
}

/** Has the image built and checked, chooses how its machines run, and gathers what the run works with. */
export async function prepare(
  invocation: Invocation,
  run: Preparing,
  stack: CleanupStack,
): Promise<RunContext> {
  const { options, host, workspace, vm } = invocation;
  const { runId, scenario, machine, folder, emit, notice, timings } = run;
  const { seed, sshPort, diskBudget, signal } = options;
  emit({ type: 'phase', run: runId, phase: 'image', detail: `${scenario.image} for ${machine}` });
  const manifest = await invocation.images.of(run, notice);
  run.manifest = manifest;
  await assertReleases(scenario, manifest);
  await verifyFiles(filesInUse(scenario, manifest));
  run.host.qemu = await host.qemuVersion(machine, signal);
  const account = await hawkbitAccount(scenario, signal);
  if (account !== undefined) notice(`orders are given by the hawkBit server at ${account.address}`);
  const accelerator = await acceleratorFor(options.accelerator ?? 'auto', {
    cutsPower: options.powerCuts.mode !== 'none',
    probe: () => chooseAccelerator({ machine, probe: manifest.probe, signal }),
  });
  run.host.accelerator = accelerator.accelerator;
  run.host.acceleratorReason = accelerator.reason;
  const { createTarget } = host;
  const qemuVersion = run.host.qemu;
  const hawkbit = account === undefined ? {} : { hawkbitAccount: account };
  const device = {
    runId,
    scenario,
    machine,
    manifest,
    accelerator,
    qemuVersion,
    sshPort,
    diskBudget,
    createTarget,
  };
  const surroundings = { folder, workspace, vm, seed, signal, emit, notice, timings };
  const context = await openRunContext({ ...device, ...hawkbit, ...surroundings }, stack);
  assertFaults(context);
  return context;
}
