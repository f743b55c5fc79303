import type { ChosenAgent, ReleaseSource } from '../agents/agent.ts';
import type { Limit } from '../core/limit.ts';
import type { Random } from '../core/random.ts';
import type { RunEvent } from '../model/event.ts';
import type { ImageManifest } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import type { Scenario } from '../model/scenario.ts';
import type { Upgrade } from '../model/upgrade.ts';
import type { ReleaseContents } from '../oracle/packages.ts';
import type { Shipped } from '../oracle/shipped.ts';
import type { AcceleratorChoice } from '../qemu/accelerator.ts';
import type { Off, TargetOptions } from '../target/target.ts';
import { deliveryTo, offerOf } from './deliveries.ts';
import type { NamedHawkbit, ReleaseServer } from './release-server.ts';

/** Everything that one scenario on one machine works with. */
export interface RunContext {
  runId: string;
  scenario: Scenario;
  machine: MachineName;
  manifest: ImageManifest;
  agent: ChosenAgent;
  accelerator: AcceleratorChoice;
  /** Of the QEMU that runs the guests; absent: nobody has asked. */
  qemuVersion?: string;
  /** Of an image that is upgraded by packages: what each release's feed has. */
  contents: ReleaseContents | undefined;
  /** What the packages of a release ship, where the image is upgraded by packages. */
  shipped: (release: string) => Shipped | undefined;
  /** Serves the releases' bundles and feeds to the guest. */
  feed: ReleaseServer;
  /** Of the server that gives orders in place of the built-in one; absent: none. */
  hawkbitAccount?: NamedHawkbit;
  /** The run's report folder. */
  folder: string;
  /** Scratch space for disks; removed at the end. */
  workspace: string;
  /** Takes a place among the virtual machines that may run at once. */
  vm: Limit;
  /** Makes a device of disks, switched off. */
  createTarget: (options: TargetOptions) => Promise<Off>;
  /** Bytes that one device may write, over all its power-ons; absent: as its disks are large (device.ts). */
  diskBudget?: number | undefined;
  random: Random;
  sshPort: number | undefined;
  /** Aborts when the user interrupts, and when something else of this run failed. */
  signal: AbortSignal;
  /** Ends everything that this run has under way. */
  stop: (reason: unknown) => void;
  emit: (event: RunEvent) => void;
  notice: (message: string) => void;
  /** Adds to one of the run's timings, in seconds. */
  spend: (what: string, seconds: number) => void;
}

/** Where the guest finds the release that it is upgraded to, in the form that the scenario's agent takes. */
export function releaseSource(
  {
    agent,
    contents,
    feed,
    manifest,
    scenario: { releases },
  }: Pick<RunContext, 'scenario' | 'contents'> & {
    feed: Pick<ReleaseServer, 'guestUrl'>;
    agent: Pick<ChosenAgent, 'source'>;
    manifest: Pick<ImageManifest, 'releases'>;
  },
  { from, to }: Upgrade,
): ReleaseSource {
  const delivery = deliveryTo(agent);
  const { path, ...rest } = delivery.source(offerOf(manifest, to), contents?.get(to) ?? []);
  return { url: feed.guestUrl(path), ...rest, older: releases.indexOf(to) < releases.indexOf(from) };
}
