import type { BootDoing } from '../model/event.ts';
import { durationText, oneLine } from './text.ts';

/** What is about to be booted. */
export interface PlannedReplay {
  scenario: string;
  machine: string;
  upgrade: string;
  /** What the device was doing when its power failed. */
  during: string;
  description: string;
  /** Why it failed, as far as that was found then. */
  reason: string;
  /** Milliseconds that a start may take. */
  bootsWithinMs: number;
  /** Whether the upgrade is done again in the end. */
  retry: boolean;
}

/** What is known before the device is switched on. */
export function replayBegin({
  scenario,
  machine,
  upgrade,
  during,
  description,
  reason,
  retry,
}: PlannedReplay): string[] {
  const again = retry ? ' Then the upgrade is done again.' : '';
  return [
    `${oneLine(scenario)} on ${oneLine(machine)}: one power cut, once more`,
    `  The power failed during ${oneLine(during)} of ${oneLine(upgrade)}, ${oneLine(description, 400)}.`,
    ...(reason === '' ? [] : [`  Found then: ${oneLine(reason, 1000)}`]),
    `  The device is started with the disks that this left, and must come back whole.${again}`,
  ];
}

/** What a device is at, `seconds` after it was switched on; undefined where there is nothing to say. */
export function replayLine(
  doing: BootDoing,
  seconds: number,
  { bootsWithinMs }: Pick<PlannedReplay, 'bootsWithinMs'>,
): string | undefined {
  const what: Record<BootDoing, string | undefined> = {
    starts: `power on: firmware, boot loader, kernel; a login must come within ${durationText(bootsWithinMs / 1000)}`,
    'is looked at':
      "logged in: which release runs, whether all of it is there, the owner's files, the scenario's checks",
    'upgrades again': 'it has come back whole: the upgrade is done again, as its owner would',
    ended: undefined,
  };
  return what[doing] === undefined ? undefined : `  ${durationText(seconds).padStart(7)}  ${what[doing]}`;
}
