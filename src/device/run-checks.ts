import { systemClock } from '../core/clock.ts';
import { Deadline, DeadlinePassed } from '../core/deadline.ts';
import { quote } from '../core/quote.ts';
import type { Moment } from '../model/steps.ts';
import { type CheckResult, failed, passed } from '../oracle/check.ts';
import type { Ready } from '../target/target.ts';
import type { Checklist } from './checklist.ts';
import type { RunContext } from './run-context.ts';

/** Milliseconds that one of the scenario's checks may take. */
const limitMs = 60_000;
/** Characters of what a check prints that reports keep. */
const saidLimit = 60;

/** When and how the scenario's checks are run. */
export interface ChecksRun {
  /** Releases that the device may be on. */
  allowed: readonly string[];
  when: Moment;
  /** Whether the device was booted since it was changed; if not, only the checks are run that say so. */
  booted: boolean;
}

/** What the scenario's own checks came to. */
export interface ChecksSeen {
  sound: boolean;
  /** What they printed: tells outcomes apart. */
  said: string[];
}

/**
 * Runs the scenario's own checks on a device and notes them, in their order; one that is to come later is waited for by
 * the host's clock, from now on, which is after the login. Throws DeviceStopped where it cannot be asked.
 */
export async function runChecks(
  context: RunContext,
  device: Ready,
  checklist: Checklist,
  { allowed, when, booted }: ChecksRun,
): Promise<ChecksSeen> {
  const results: boolean[] = [];
  const said: string[] = [];
  const from = systemClock.now();
  for (const { name, run, when: wanted, afterMs = 0 } of context.scenario.checks) {
    if (!booted && wanted !== 'always') continue;
    const early = from + afterMs - systemClock.now();
    if (booted && early > 0) await systemClock.sleep(early, context.signal);
    const id = { ...when, check: name };
    const result = await checklist.guard(id, () => runCheck(device, run, allowed, context.signal));
    results.push(checklist.check(id, result));
    if (result.said !== '') said.push(result.said);
  }
  return { sound: results.every(Boolean), said };
}

/**
 * Runs one of the scenario's own checks on the device, with the releases that it may be on in ALLOWED_RELEASES. Exit
 * code 0 is a pass; `said` is the first line printed. Errors: DeviceFailure `connection-lost`; HarnessError
 * `host-starved`.
 */
async function runCheck(
  device: Pick<Ready, 'run'>,
  command: string,
  allowed: readonly string[],
  signal: AbortSignal,
): Promise<CheckResult & { said: string }> {
  const script = `export ALLOWED_RELEASES=${quote(allowed.join(' '))}\n${command}`;
  try {
    const { exitCode, stdout, stderr, starved } = await device.run(script, {
      deadline: Deadline.after(limitMs),
      signal,
    });
    const said = (stdout.split('\n')[0] ?? '').trim().slice(0, saidLimit);
    if (exitCode === 0) return { ...passed(said), said };
    if (starved !== undefined) throw starved;
    const why = `${stdout}\n${stderr}`.trim().slice(-300);
    return { ...failed('check-failed', `ended with ${exitCode}: ${why}`), said };
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    return { ...failed('check-timeout', `did not end within ${limitMs / 1000} s`), said: '' };
  }
}
