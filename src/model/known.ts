import type { KnownFinding } from './scenario.ts';

/** What is said of a failure that is on the list. `expired`: its date has passed, and it counts as any other. */
export interface KnownAs extends Pick<KnownFinding, 'until' | 'tracker' | 'why'> {
  status: 'known' | 'expired';
}

/**
 * What became of an entry of the list. `gone`: all that could show it was decided, and it did not appear. `not seen`: it did
 * not appear, but the run has not looked at all that could show it.
 */
export interface KnownRecord extends KnownFinding {
  status: KnownAs['status'] | 'gone' | 'not seen';
}
