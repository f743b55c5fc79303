import { Deadline } from '../core/deadline.ts';
import { failed } from '../oracle/check.ts';
import { checkConfiguration } from '../oracle/configuration.ts';
import type { FileState } from '../oracle/observation.ts';
import { checkFallBack, checkRelease, type RunningRelease, runningRelease } from '../oracle/release.ts';
import type { Booting, Ready } from '../target/target.ts';
import { type Bench, bundleUrl } from './bench.ts';
import type { Checklist } from './checklist.ts';
import { observe, type Subject } from './observe.ts';

/** Milliseconds for an agent's short commands (status, mark-good). */
const agentLimitMs = 120_000;

/** One upgrade: from a release that runs to one that is to run. */
export interface Upgrade {
  from: string;
  to: string;
}

/** `1.0->1.1` */
export function upgradeName({ from, to }: Upgrade): string {
  return `${from}->${to}`;
}

/** What a device must look like after an upgrade that nothing interrupted. */
export function afterUpgrade(
  bench: Bench,
  { from, to }: Upgrade,
  configuration: readonly FileState[],
): Expectation {
  if (bench.scenario.expect.upgrade === 'succeeds') return { allowed: [to], configuration };
  return { allowed: [from], configuration, fellBackFrom: to };
}

/** Waits for a device to come up. Throws the DeviceFailure that says why it did not. */
export async function untilReady(bench: Bench, booting: Booting): Promise<Ready> {
  const state = await booting.untilReady(Deadline.after(bench.scenario.expect.bootsWithinMs), bench.signal);
  if (state.state === 'broken') throw state.failure;
  return state;
}

/** Hands a release to the device's update agent. */
export async function install(bench: Bench, device: Ready, release: string): Promise<void> {
  const { agent, signal, scenario } = bench;
  await agent.install(device, bundleUrl(bench, release), {
    deadline: Deadline.after(scenario.expect.installsWithinMs),
    signal,
  });
  await agent.activate(device, { deadline: Deadline.after(agentLimitMs), signal });
}

/** Tells the agent that the running release is good. */
export async function confirm(bench: Bench, device: Ready): Promise<void> {
  await bench.agent.confirm(device, { deadline: Deadline.after(agentLimitMs), signal: bench.signal });
}

/** Tells the agent to go back to the release before. */
export async function rollback(bench: Bench, device: Ready): Promise<void> {
  await bench.agent.rollback(device, { deadline: Deadline.after(agentLimitMs), signal: bench.signal });
}

/** What there is to compare a device with. */
export interface Expectation {
  allowed: readonly string[];
  /** The owner's files as the owner left them. */
  configuration: readonly FileState[];
  /** The release that the device must have tried on its way. */
  fellBackFrom?: string;
}

/**
 * Looks at a device and notes what there is to check: release, configuration where the owner has files, fallback
 * where it is expected, kernel where it has stumbled. Returns what runs and whether all passed. Throws
 * DeviceStopped where the device cannot be looked at.
 */
export async function examine(
  bench: Bench,
  device: Ready,
  subject: Subject,
  { allowed, configuration, fellBackFrom }: Expectation,
  checklist: Checklist,
  prefix = '',
): Promise<RunningRelease & { sound: boolean }> {
  const seen = await checklist.guard(`${prefix}look`, () => observe(device, subject, bench.signal));
  const releases = bench.manifest.releases;
  const results = [checklist.check(`${prefix}release`, checkRelease(seen, releases, allowed))];
  if (bench.scenario.expect.configuration === 'preserved' && configuration.length > 0)
    results.push(
      checklist.check(`${prefix}configuration`, checkConfiguration(configuration, seen.configuration)),
    );
  const tried = fellBackFrom === undefined ? undefined : releases[fellBackFrom];
  if (tried !== undefined)
    results.push(checklist.check(`${prefix}fallback`, checkFallBack(seen, tried, device.resets)));
  if (device.oops !== undefined)
    results.push(
      checklist.check(`${prefix}kernel`, failed('kernel-oops', `the kernel says: ${device.oops}`)),
    );
  return { ...runningRelease(seen, releases), sound: results.every(Boolean) };
}
