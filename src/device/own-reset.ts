import { systemClock } from '../core/clock.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { Upgrade } from '../model/upgrade.ts';
import type { Booting, Ready } from '../target/target.ts';
import { install } from './drive-agent.ts';
import type { RunContext } from './run-context.ts';

/** Share of the time for an installation that is waited for a reset once its command has failed: going down ends it, too. */
const goingDownShare = 0.1;

/**
 * Hands the new release to the device's update agent. Returns the start that follows where the agent resets the device
 * itself, and undefined where somebody must reboot it. `atReset` is called between the two power cycles. Throws
 * DeviceFailure `no-reset` where an agent that is to reset the device does not within the time for an installation.
 */
export async function installToReset(
  context: RunContext,
  device: Ready,
  upgrade: Upgrade,
  atReset: () => void = () => undefined,
): Promise<Booting | undefined> {
  if (context.agent.reboots === undefined) {
    await install(context, device, upgrade);
    return undefined;
  }
  const limitMs = context.scenario.expect.installsWithinMs;
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const installing = install(context, device, upgrade).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const started = device.ownReset({
    deadline: Deadline.after(limitMs),
    signal,
    atEnd: async () => {
      await installing;
      atReset();
    },
  });
  const failing = installing.then(async (end) => {
    // What ended well, or with the login, goes on to the reset.
    if (end === undefined || isLoss(end.error)) return started;
    if (end.error instanceof DeviceFailure) await systemClock.sleep(limitMs * goingDownShare, signal);
    throw end.error;
  });
  try {
    return await Promise.race([started, failing]);
  } finally {
    over.abort();
    await Promise.allSettled([started, failing]);
  }
}

function isLoss(error: unknown): boolean {
  return error instanceof DeviceFailure && error.code === 'connection-lost';
}
