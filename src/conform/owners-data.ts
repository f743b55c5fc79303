import { ask, complaint, type Shell } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { RunContext } from '../device/run-context.ts';
import { doOn } from './slots.ts';

const limitMs = 120_000;

/**
 * Has the running release write the owner's data, or read them, by the scenario's commands. Throws DeviceFailure
 * `data-unreadable` where it cannot read what is there, and HarnessError `case-unprepared` where it cannot write.
 */
export async function useData(
  { scenario, signal }: Pick<RunContext, 'scenario' | 'signal'>,
  device: Shell,
  how: 'write' | 'read',
): Promise<void> {
  const { data } = scenario.conformance ?? {};
  if (data === undefined) return;
  if (how === 'write') {
    await doOn({ signal }, device, data.write);
    return;
  }
  const unreadable = (why: string) =>
    new DeviceFailure('data-unreadable', `the release that runs cannot read the owner's data: ${why}`);
  await ask(
    device,
    data.read,
    { deadline: Deadline.after(limitMs), signal },
    {
      failed: (output) => unreadable(complaint(output)),
      late: () => unreadable(`no answer within ${limitMs / 1000} s`),
    },
  );
}
