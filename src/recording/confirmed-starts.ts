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

/** Which release a device was confirmed on, and what else must hold of it. */
interface Confirmed {
  release: string;
  owned: Owned;
  checklist: Checklist;
  when: Moment;
}

/**
 * Starts a confirmed device as often as the scenario says, more often than it has tries: a confirmation whose effect is
 * missing shows only then. Each start is confirmed again, as the health check of a device in use does. At the last all is
 * looked at. Throws DeviceStopped where the device does not come up, or is no longer on its release.
 */
export async function startConfirmed(
  context: RunContext,
  device: Device,
  before: Ready,
  { release, owned, checklist, when }: Confirmed,
): Promise<Ready> {
  const { confirmedBoots, release: asked } = context.scenario.expect;
  // Packages are not confirmed, and a release that nobody looks at cannot be lost.
  const starts = context.agent.packages === undefined && asked !== undefined ? confirmedBoots : 0;
  if (starts === 0) return before;
  let ready = before;
  for (let start = 1; start <= starts; start += 1)
    ready = await checklist.step({ ...when, check: `start ${start}` }, async () => {
      const again = await untilReady(context, await ready.reboot());
      await assertStill(context, device, again, { release, start });
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
  const seen = await observe(ready, subject, context.signal);
  const look = { allowed: [release], compare: 'every' as const, present: [] };
  const { result } = await lookAtRelease(context, { device: ready, subject, seen }, look);
  if (result.verdict === 'passed') return;
  const starts = start === 1 ? 'one start' : `${start} starts`;
  throw new DeviceFailure('not-confirmed', `${starts} after ${release} was confirmed: ${result.message}`);
}
