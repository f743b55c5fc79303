import type { Ready } from '../target/target.ts';
import type { Bench } from './bench.ts';
import type { Checklist } from './checklist.ts';
import { runCheck } from './run-check.ts';

/** When and how the scenario's checks are run. */
export interface ChecksRun {
  /** Releases that the device may be on. */
  allowed: readonly string[];
  prefix: string;
  /** Whether the device was booted since it was changed; if not, only the checks are run that say so. */
  booted: boolean;
}

/** What the scenario's own checks came to. */
export interface ChecksSeen {
  sound: boolean;
  /** What they printed: tells outcomes apart. */
  said: string[];
}

/** Runs the scenario's own checks on a device and notes them. Throws DeviceStopped where it cannot be asked. */
export async function runChecks(
  bench: Bench,
  device: Ready,
  checklist: Checklist,
  { allowed, prefix, booted }: ChecksRun,
): Promise<ChecksSeen> {
  const results: boolean[] = [];
  const said: string[] = [];
  for (const { name, run, when } of bench.scenario.checks) {
    if (!booted && when !== 'always') continue;
    const result = await checklist.guard(`${prefix}${name}`, () =>
      runCheck(device, run, allowed, bench.signal),
    );
    results.push(checklist.check(`${prefix}${name}`, result));
    if (result.said !== '') said.push(result.said);
  }
  return { sound: results.every(Boolean), said };
}
