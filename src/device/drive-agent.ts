import type { PackageAgent } from '../agents/agent.ts';
import type { Shell } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure, HarnessError, messageOf } from '../core/errors.ts';
import type { ImageManifest } from '../model/image.ts';
import { type Upgrade, upgradeName } from '../model/upgrade.ts';
import type { Ready } from '../target/target.ts';
import { orderOf } from './hawkbit-order.ts';
import { type RunContext, releaseSource } from './run-context.ts';

/** Milliseconds for an agent's short commands (status, mark-good). */
const agentLimitMs = 120_000;

/** What of a context an installation needs. */
export type InstallContext = Pick<RunContext, 'agent' | 'signal' | 'scenario' | 'feed' | 'contents'> & {
  manifest: Pick<ImageManifest, 'releases'>;
};

/** Hands the new release to the device's update agent. */
export async function install(context: InstallContext, device: Shell, upgrade: Upgrade): Promise<void> {
  const { agent, signal, scenario } = context;
  const account = await orderOf(context, upgrade);
  const source = { ...releaseSource(context, upgrade), ...(account === undefined ? {} : { account }) };
  await agent.install(device, source, {
    deadline: Deadline.after(scenario.expect.installsWithinMs),
    signal,
  });
  await agent.activate(device, { deadline: Deadline.after(agentLimitMs), signal });
}

/** Failures by which an agent says that it cannot have a release, cannot finish one, or will not keep it. */
const refusals: readonly string[] = ['install-failed', 'update-failed', 'recover-failed', 'confirm-failed'];

/**
 * Lets an agent install, recover or confirm, and say that it failed. Returns what it said; undefined where it ended as if all
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

/** Asks what the agent called done. Throws DeviceFailure `not-good` where the device does not agree. */
export async function assertConfirmed({ agent, signal }: RunContext, device: Ready): Promise<void> {
  const doubt = await agent.confirmed?.(device, { deadline: Deadline.after(agentLimitMs), signal });
  if (doubt !== undefined)
    throw new DeviceFailure('not-good', `the running release was confirmed, and is not good: ${doubt}`);
}

/** Tells the agent to go back to the release before. */
export async function rollback(context: RunContext, device: Ready): Promise<void> {
  const { agent, signal } = context;
  if (agent.rollback === undefined)
    throw new HarnessError('agent-mismatch', `${agent.name} has no way back to the release before`);
  await agent.rollback(device, { deadline: Deadline.after(agentLimitMs), signal });
}
