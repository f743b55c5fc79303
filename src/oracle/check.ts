import type { FileFate } from '../model/configuration.ts';
import type { Verdict } from '../model/record.ts';

/** A check that the device passed. */
interface Passed {
  verdict: 'passed';
  code?: undefined;
  message: string;
  /** What is not as it should be for a reason that is known, or was not compared. */
  note?: string;
}

/** One that it did not pass. */
interface NotPassed {
  verdict: Exclude<Verdict, 'passed' | 'known'>;
  /** Stable code of what is wrong. */
  code: string;
  message: string;
  /** As of a problem. */
  paths?: string[];
  fates?: FileFate[];
}

/** What one check of a device came to. */
export type CheckResult = Passed | NotPassed;

/** A check that found nothing wrong. */
export function passed(message: string, note?: string): CheckResult {
  return { verdict: 'passed', message, ...(note === undefined ? {} : { note }) };
}

/** A promise that the device broke. */
export function failed(
  code: string,
  message: string,
  about: Pick<NotPassed, 'paths' | 'fates'> = {},
): CheckResult {
  return { verdict: 'failed', code, message, ...about };
}
