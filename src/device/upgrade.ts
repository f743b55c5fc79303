import type { PackageAgent } from '../agents/agent.ts';
import type { Shell } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure, HarnessError, messageOf } from '../core/errors.ts';
import type { FileFate } from '../model/configuration.ts';
import type { ImageManifest } from '../model/image.ts';
import { installedBy } from '../model/scenario.ts';
import type { InstalledPackage } from '../model/software.ts';
import { type Upgrade, upgradeName } from '../model/upgrade.ts';
import { failed } from '../oracle/check.ts';
import type { RunningRelease } from '../oracle/release.ts';
import type { Booting, Ready } from '../target/target.ts';
import type { Checklist } from './checklist.ts';
import { judgeFiles, type Owned } from './judge-files.ts';
import { lookAtRelease } from './look-at-release.ts';
import { observe, type Subject } from './observe.ts';
import type { FilesCompared, ReleaseSeen } from './release-identity.ts';
import { runChecks } from './run-checks.ts';
import { type RunContext, releaseSource } from './run-context.ts';

/** Milliseconds for an agent's short commands (status, mark-good). */
const agentLimitMs = 120_000;

/** What a device must look like after an upgrade that nothing interrupted. */
export function afterUpgrade(context: RunContext, { from, to }: Upgrade, owned: Owned): Expectation {
  if (context.scenario.expect.upgrade === 'succeeds') return { allowed: [to], owned, compare: 'every' };
  return { allowed: [from], owned, fellBackFrom: to, compare: 'every' };
}

/** Waits for a device to come up. Throws the DeviceFailure that says why it did not. */
export async function untilReady(
  context: RunContext,
  booting: Booting,
  limitMs = context.scenario.expect.bootsWithinMs,
): Promise<Ready> {
  const state = await booting.untilReady(Deadline.after(limitMs), context.signal);
  if (state.state === 'broken') throw state.failure;
  return state;
}

/** What of a context an installation needs. */
export type InstallContext = Pick<RunContext, 'agent' | 'signal' | 'scenario' | 'feed' | 'contents'> & {
  manifest: Pick<ImageManifest, 'releases'>;
};

/** Hands the new release to the device's update agent. */
export async function install(context: InstallContext, device: Shell, upgrade: Upgrade): Promise<void> {
  const { agent, signal, scenario } = context;
  await agent.install(device, releaseSource(context, upgrade), {
    deadline: Deadline.after(scenario.expect.installsWithinMs),
    signal,
  });
  await agent.activate(device, { deadline: Deadline.after(agentLimitMs), signal });
}

/** Failures by which an agent says that it cannot have a release, or cannot finish one. */
const refusals: readonly string[] = ['install-failed', 'update-failed', 'recover-failed'];

/**
 * Lets an agent install or recover, and say that it failed. Returns what it said; undefined where it ended as if all
 * were well. Throws DeviceFailure for any other end.
 */
export async function refusalBy(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof DeviceFailure && refusals.includes(error.code)) return messageOf(error);
    throw error;
  }
}

/** The same for an upgrade to a release that the scenario knows to be broken; of any other the agent must not fail. */
export async function unlessBroken<T>(
  { scenario, notice }: Pick<RunContext, 'scenario' | 'notice'>,
  upgrade: Upgrade,
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (scenario.expect.broken[upgrade.to] === undefined) return work();
  let result: T | undefined;
  const refusal = await refusalBy(async () => {
    result = await work();
  });
  if (refusal !== undefined) notice(`${upgradeName(upgrade)}: ${refusal}`);
  return result;
}

/** Lets a package manager bring an upgrade that was cut off to its end. */
export async function recover(
  context: RunContext,
  device: Ready,
  upgrade: Upgrade,
  packages: PackageAgent,
): Promise<string | undefined> {
  return packages.recover(device, releaseSource(context, upgrade), {
    deadline: Deadline.after(context.scenario.expect.installsWithinMs),
    signal: context.signal,
  });
}

/** Tells the agent that the running release is good. */
export async function confirm(context: RunContext, device: Ready): Promise<void> {
  await context.agent.confirm(device, { deadline: Deadline.after(agentLimitMs), signal: context.signal });
}

/** Tells the agent to go back to the release before. */
export async function rollback(context: RunContext, device: Ready): Promise<void> {
  const { agent, signal } = context;
  if (agent.rollback === undefined)
    throw new HarnessError('agent-mismatch', `${agent.name} has no way back to the release before`);
  await agent.rollback(device, { deadline: Deadline.after(agentLimitMs), signal });
}

/** What there is to compare a device with. */
export interface Expectation {
  /** Releases that the device may be on. */
  allowed: readonly string[];
  owned: Owned;
  compare: FilesCompared;
  /** The release that the device must have tried on its way. */
  fellBackFrom?: string;
}

/** What was found out about a device. */
export interface Examined extends RunningRelease {
  /** Whether every check passed. */
  sound: boolean;
  /** False where the scenario does not ask which release runs, and nobody looked. */
  releaseChecked: boolean;
  /** What the scenario's own checks printed: tells outcomes apart. */
  said: string[];
  /** What became of the owner's files. */
  files: FileFate[];
  /** Of a device that is upgraded by packages. */
  installed?: readonly InstalledPackage[];
}

/**
 * Looks at a device and notes what there is to check: release, configuration where the owner has files, fallback
 * where it is expected, the scenario's own checks, kernel where it has stumbled. Throws DeviceStopped where the
 * device cannot be looked at.
 */
export async function examine(
  context: RunContext,
  device: Ready,
  subject: Subject,
  { allowed, owned, compare, fellBackFrom }: Expectation,
  checklist: Checklist,
  prefix = '',
): Promise<Examined> {
  const { expect } = context.scenario;
  const seen = await checklist.guard(`${prefix}look`, () => observe(device, subject, context.signal));
  const results: boolean[] = [];
  let release: Partial<ReleaseSeen> = {};
  if (expect.release !== undefined) {
    const found = await checklist.guard(`${prefix}look`, () =>
      lookAtRelease(
        context,
        { device, subject, seen },
        { allowed, compare, present: installedBy(context.scenario), fellBackFrom },
      ),
    );
    release = found;
    results.push(checklist.check(`${prefix}release`, found.result));
  }
  const configuration = judgeFiles({ expect, shipped: context.shipped }, owned, seen.configuration, allowed);
  if (expect.configuration !== undefined && owned.files.length > 0)
    results.push(checklist.check(`${prefix}configuration`, configuration));
  if (release.fallback !== undefined) results.push(checklist.check(`${prefix}fallback`, release.fallback));
  const own = await runChecks(context, device, checklist, { allowed, prefix, booted: true });
  results.push(own.sound);
  if (device.oops !== undefined)
    results.push(
      checklist.check(`${prefix}kernel`, failed('kernel-oops', `the kernel says: ${device.oops}`)),
    );
  const sound = results.every(Boolean);
  const releaseChecked = expect.release !== undefined;
  const { running = { release: undefined, slot: undefined }, installed } = release;
  return {
    ...(installed === undefined ? {} : { installed }),
    ...running,
    sound,
    releaseChecked,
    said: own.said,
    files: configuration.files,
  };
}
