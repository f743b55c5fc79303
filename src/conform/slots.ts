import { ask, type Shell } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { HarnessError } from '../core/errors.ts';
import type { RunContext } from '../device/run-context.ts';
import { askRoot, rootOf } from '../device/running-root.ts';
import type { ImageManifest } from '../model/image.ts';

/** What of a context is needed to ask a device for a case's sake. */
export interface Asking {
  manifest: Pick<ImageManifest, 'slots'>;
  signal: RunContext['signal'];
}

/** Milliseconds for one of these commands; a whole slot may have to be written. */
const limitMs = 300_000;

/** The slot that runs and the one that does not, as the device's kernel calls them. Throws HarnessError `case-unprepared`. */
export async function slotsOf(context: Asking, device: Shell): Promise<{ running: string; other: string }> {
  const { slots } = context.manifest;
  const root = rootOf((await doOn(context, device, askRoot)).split('\n'), slots);
  const roots = slots.map((slot) => slot.root);
  const [running, other] = [roots.find((one) => one === root), roots.find((one) => one !== root)];
  if (running !== undefined && other !== undefined) return { running, other };
  throw unprepared(`it runs from ${root.slice(0, 80)}, which is none of its slots`);
}

/** Has a device do something that a case needs; returns what it printed. Throws HarnessError `case-unprepared`. */
export async function doOn(
  { signal }: Pick<Asking, 'signal'>,
  device: Shell,
  command: string,
  input?: string,
): Promise<string> {
  const limits = { deadline: Deadline.after(limitMs), signal, ...(input === undefined ? {} : { input }) };
  const { stdout } = await ask(device, command, limits, {
    failed: ({ exitCode, stderr }) => unprepared(`${command}: ${exitCode} ${stderr.slice(-200)}`.trim()),
    late: () => unprepared(`${command} did not end within ${limitMs / 1000} s`),
  });
  return stdout;
}

function unprepared(why: string): HarnessError {
  return new HarnessError('case-unprepared', `the device could not be spoilt as the case wants it: ${why}`);
}
