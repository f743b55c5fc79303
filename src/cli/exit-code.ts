import { type FailureKind, failureKind } from '../core/errors.ts';
import type { RunRecord } from '../model/record.ts';

/** What each exit code of the program means; part of its interface. */
export const exitCodes = { passed: 0, device: 1, scenario: 2, harness: 3, nothing: 4 } as const;

/** For `--help`. */
export const exitCodeHelp = `Exit codes:
  0  all passed, but for known findings
  1  a device broke its promise
  2  the scenario, the image description or the command line is wrong
  3  the harness or its host broke, or something could not be decided
  4  nothing was run
  Where several apply: 2, then 3, then 1. A bench that broke cannot vouch for the rest.`;

/** What counts of a record. */
type Ended = Pick<RunRecord, 'verdict' | 'problem'>;

/** The exit code of a thrown error. */
export function exitCodeOfError(error: unknown): number {
  return exitCodes[failureKind(error)];
}

/**
 * The exit code of a whole invocation. Trouble of the harness hides failures of the device: what a broken bench
 * says about devices is not to be relied on. A wrong scenario comes first, because it is the user's to repair.
 */
export function exitCodeOfRuns(records: readonly Ended[]): number {
  if (records.length === 0) return exitCodes.nothing;
  const kinds = new Set(records.flatMap(kindsOf));
  if (kinds.has('scenario')) return exitCodes.scenario;
  if (kinds.has('harness')) return exitCodes.harness;
  return kinds.has('device') ? exitCodes.device : exitCodes.passed;
}

/** The kinds of failure in a record. Neither an error nor an open question is ever the device's fault. */
function kindsOf({ verdict, problem }: Ended): FailureKind[] {
  const ended = problem === undefined ? [] : [problem.kind];
  if (verdict === 'passed' || verdict === 'known') return ended;
  if (verdict === 'failed') return ['device', ...ended];
  return ended.includes('scenario') ? ['scenario'] : ['harness'];
}
