import { systemClock } from '../core/clock.ts';
import { DeviceFailure } from '../core/errors.ts';
import { refusalBy } from '../device/drive-agent.ts';

/** Milliseconds after which the second installation is asked for: the first has begun, and is far from its end. */
const secondAfterMs = 500;

/**
 * Has a second installation asked for while a first one is going on. Returns what the agent said of the second. Throws what
 * the first throws, and DeviceFailure `not-refused` where the second ends as if all were well.
 */
export async function installTwice(
  { first, second }: { first: () => Promise<void>; second: () => Promise<void> },
  signal: AbortSignal,
): Promise<string> {
  const later = async () => {
    await systemClock.sleep(secondAfterMs, signal);
    return refusalBy(second);
  };
  const [installed, refusal] = await Promise.allSettled([first(), later()]);
  if (installed.status === 'rejected') throw installed.reason;
  if (refusal.status === 'rejected') throw refusal.reason;
  if (refusal.value !== undefined) return refusal.value;
  throw new DeviceFailure(
    'not-refused',
    'a second installation ended with success while the first was going on',
  );
}
