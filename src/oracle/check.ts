import type { Verdict } from '../model/record.ts';

/** What one check of a device came to. */
export interface CheckResult {
  verdict: Verdict;
  /** Stable code of what is wrong; undefined when passed. */
  code?: string;
  message: string;
}

/** A check that found nothing wrong. */
export function passed(message: string): CheckResult {
  return { verdict: 'passed', message };
}

/** A promise that the device broke. */
export function failed(code: string, message: string): CheckResult {
  return { verdict: 'failed', code, message };
}
