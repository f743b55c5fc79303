import type { LimitFunction } from 'p-limit';
import type { UpdateAgent } from '../agents/agent.ts';
import type { Random } from '../core/random.ts';
import type { FeedServer } from '../feed/http-server.ts';
import type { RunEvent } from '../model/event.ts';
import type { ImageManifest } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import type { Scenario } from '../model/scenario.ts';
import type { AcceleratorChoice } from '../qemu/accelerator.ts';

/** Everything that one scenario on one machine works with. */
export interface Bench {
  runId: string;
  scenario: Scenario;
  machine: MachineName;
  manifest: ImageManifest;
  agent: UpdateAgent;
  accelerator: AcceleratorChoice;
  /** Serves the releases' bundles to the guest. */
  feed: FeedServer;
  /** The run's report folder. */
  folder: string;
  /** Scratch space for disks; removed at the end. */
  workspace: string;
  /** Takes a place among the virtual machines that may run at once. */
  vm: LimitFunction;
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

/** Path of a release's bundle on the feed. */
export function bundlePath(release: string, format: string): string {
  return `/${release}/${format}`;
}

/** The address at which the guest finds a release in the format that the scenario's agent takes. */
export function bundleUrl(bench: Bench, release: string): string {
  return bench.feed.guestUrl(bundlePath(release, bench.scenario.agent.bundle));
}
