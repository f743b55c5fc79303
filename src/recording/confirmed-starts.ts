import { DeviceFailure } from '../core/errors.ts';
import type { Checklist } from '../device/checklist.ts';
import { type Device, untilReady } from '../device/device.ts';
import { confirm } from '../device/drive-agent.ts';
import { examine } from '../device/examine.ts';
import type { Owned } from '../device/judge-files.ts';
import { lookAtRelease } from '../device/look-at-release.ts';
import { observe } from '../device/observe.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Moment } from '../model/steps.ts';
import type { Ready } from '../target/target.ts';
import { idleMark, windowMark } from '../writelog/windows.ts';

/** Which release a device was confirmed on, and what else must hold of it. */
interface Confirmed {
  release: string;
  owned: Owned;
  checklist: Checklist;
  when: Moment;
  /** Position of the upgrade whose device is to be cut while nothing goes on: the first start is marked in the log. */
  idle?: number | undefined;
}

/** Starts without which nobody can say that a fall-back lasts. */
const fallbackStarts = 2;

/**
 * Starts a confirmed device as often as the scenario says, more often than it has tries: a confirmation whose effect is
 * missing shows only then. Each start is confirmed again, as the health check of a device in use does. At the last all is
 * looked at. Where a fall-back is to last, none of them may try the other release. Throws DeviceStopped where the device
 * does not come up, or is no longer on its release.
 */
export async function startConfirmed(
  context: RunContext,
  device: Device,
  before: Ready,
  { release, owned, checklist, when, idle }: Confirmed,
): Promise<Ready> {
  const { confirmedBoots, fallback, release: asked } = context.scenario.expect;
  const isToLast = fallback === 'lasts';
  const least = isToLast ? fallbackStarts : 0;
  // Packages are not confirmed, and a release that nobody looks at cannot be lost.
  const hasTries = context.agent.packages === undefined && asked !== undefined;
  const starts = Math.max(hasTries ? Math.max(confirmedBoots, least) : 0, idle === undefined ? 0 : 1);
  if (starts === 0) return before;
  let ready = before;
  for (let start = 1; start <= starts; start += 1)
    ready = await checklist.step({ ...when, check: `start ${start}` }, async () => {
      const isCut = start === 1 && idle !== undefined;
      if (isCut) device.log.mark(windowMark(idle, 'idle'));
      const again = await untilReady(context, await ready.reboot());
      await assertStill(context, device, again, { release, start });
      if (isCut) device.log.mark(idleMark);
      if (isToLast) assertNotTriedAgain(again, release, start);
      await confirm(context, again);
      return again;
    });
  const expectation = { allowed: [release], owned, compare: 'every' as const };
  await examine(context, ready, device.subject, expectation, checklist, when);
  return ready;
}

/** Throws DeviceFailure `not-confirmed` where a device is not wholly on the release that it was confirmed on. */
async function assertStill(
  context: RunContext,
  { subject }: Device,
  ready: Ready,
  { release, start }: { release: string; start: number },
): Promise<void> {
  if (context.scenario.expect.release === undefined) return;
  const seen = await observe(ready, subject, context.signal);
  const look = { allowed: [release], compare: 'every' as const, present: [] };
  const { result } = await lookAtRelease(context, { device: ready, subject, seen }, look);
  if (result.verdict === 'passed') return;
  const what = `${startsText(start)} after ${release} was confirmed: ${result.message}`;
  throw new DeviceFailure('not-confirmed', what);
}

/** Throws DeviceFailure `fallback-undone` where a device that has fallen back did not come up at once. */
function assertNotTriedAgain({ resets }: Ready, release: string, start: number): void {
  if (resets === 0) return;
  const what = `${startsText(start)} after the fall-back to ${release} the device reset itself ${resets} times before it came up: it tries the release that it fell back from again`;
  throw new DeviceFailure('fallback-undone', what);
}

function startsText(start: number): string {
  return start === 1 ? 'one start' : `${start} starts`;
}
