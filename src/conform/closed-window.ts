import type { Shell } from '../core/ask.ts';
import { systemClock } from '../core/clock.ts';
import { Deadline } from '../core/deadline.ts';
import type { Subject } from '../device/observe.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Terms } from '../hawkbit/messages.ts';
import { assertSame, type Kept, note } from './kept.ts';

/** As hawkBit gives an order while its maintenance window is closed, and while it is open. */
const closed: Terms = { download: 'forced', update: 'skip', maintenanceWindow: 'unavailable' };
const open: Terms = { download: 'forced', update: 'forced', maintenanceWindow: 'available' };

/** Polls for which the device has known of the order before it is looked at, and the milliseconds that it has for them. */
const pollsInClosedWindow = 5;
const longestClosedMs = 60_000;
const pauseMs = 100;

const untouched: readonly Kept[] = ['slot that ran', 'other slot', 'environment'];

/**
 * Has a release installed by an order that may be downloaded at once and installed later: its maintenance window is closed until
 * the device has known of it for a while. Throws DeviceFailure `slot-written`, `environment-changed` where something was written
 * before it opened, and what `install` throws. Returns what could not be compared.
 */
export async function installInWindow(
  context: Pick<RunContext, 'manifest' | 'signal' | 'scenario'> & {
    feed: Pick<RunContext['feed'], 'hawkbit'>;
  },
  { device, subject }: { device: Shell; subject: Pick<Subject, 'disks'> },
  install: () => Promise<unknown>,
): Promise<Kept[]> {
  const { feed, signal } = context;
  feed.hawkbit.setTerms(closed);
  const before = await note(context, device, subject, untouched);
  let over = false;
  const installing = install().finally(() => {
    over = true;
  });
  // It is waited for below; until then nobody hears of its end.
  installing.catch(() => undefined);
  try {
    const deadline = Deadline.after(longestClosedMs);
    const knows = () => over || (feed.hawkbit.latest?.polls ?? 0) >= pollsInClosedWindow;
    while (!knows() && deadline.remainingMs > 0) await systemClock.sleep(pauseMs, signal);
    const unread = assertSame(before, await note(context, device, subject, untouched), untouched);
    feed.hawkbit.setTerms(open);
    await installing;
    return unread;
  } finally {
    feed.hawkbit.setTerms(open);
  }
}
