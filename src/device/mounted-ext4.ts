import { ask, complaint, type Shell } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';

const limitMs = 60_000;

/**
 * The ext4 file systems that a device has mounted, by the names that its kernel gives them in messages: `vda4`, `dm-0`.
 * Reads no disk: /sys/fs/ext4 has a folder for each mounted one, and `features` beside them. Throws DeviceFailure.
 */
export async function mountedExt4(device: Shell, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const { stdout } = await ask(
    device,
    'cd /sys/fs/ext4 && echo *',
    { deadline: Deadline.after(limitMs), signal },
    {
      failed: (output) =>
        new DeviceFailure(
          'observe-failed',
          `the device runs, but does not say which file systems it has mounted: ${complaint(output)}`,
        ),
      late: (cause) =>
        new DeviceFailure(
          'observe-timeout',
          `the device came up, but did not say which file systems it has mounted within ${limitMs / 1000} s`,
          { cause },
        ),
    },
  );
  return new Set(stdout.trim().split(' '));
}
