import { Deadline, DeadlinePassed } from '../core/deadline.ts';
import { quote } from '../guest/quote.ts';
import { type CheckResult, failed, passed } from '../oracle/check.ts';
import type { Ready } from '../target/target.ts';

/** Milliseconds that one of the scenario's checks may take. */
const limitMs = 60_000;
/** Characters of what a check prints that reports keep. */
const saidLimit = 60;

/**
 * Runs one of the scenario's own checks on the device, with the releases that it may be on in ALLOWED_RELEASES. Exit
 * code 0 is a pass; `said` is the first line printed. Errors: DeviceFailure `connection-lost`.
 */
export async function runCheck(
  device: Pick<Ready, 'run'>,
  command: string,
  allowed: readonly string[],
  signal: AbortSignal,
): Promise<CheckResult & { said: string }> {
  const script = `export ALLOWED_RELEASES=${quote(allowed.join(' '))}\n${command}`;
  try {
    const { exitCode, stdout, stderr } = await device.run(script, {
      deadline: Deadline.after(limitMs),
      signal,
    });
    const said = (stdout.split('\n')[0] ?? '').trim().slice(0, saidLimit);
    if (exitCode === 0) return { ...passed(said), said };
    const why = `${stdout}\n${stderr}`.trim().slice(-300);
    return { ...failed('check-failed', `ended with ${exitCode}: ${why}`), said };
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    return { ...failed('check-timeout', `did not end within ${limitMs / 1000} s`), said: '' };
  }
}
