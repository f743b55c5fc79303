import pRetry, { AbortError } from 'p-retry';
import { type Clock, systemClock } from './clock.ts';
import { type Deadline, DeadlinePassed, withDeadline } from './deadline.ts';

/** How often and how long to probe. */
export interface WaitOptions {
  deadline: Deadline;
  signal?: AbortSignal | undefined;
  /** Pause between probes in milliseconds (default 100). */
  intervalMs?: number;
  clock?: Clock;
}

/** Thrown inside a probe to end the wait at once with `cause`. */
export class GiveUp extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'GiveUp';
  }
}

/**
 * Calls `probe` until it returns something other than undefined. A probe that throws is tried again
 * (the last error becomes the cause of DeadlinePassed) unless it throws GiveUp, whose cause is rethrown.
 */
export async function waitFor<T>(
  what: string,
  probe: (signal: AbortSignal) => Promise<T | undefined> | T | undefined,
  { deadline, signal, intervalMs = 100, clock = systemClock }: WaitOptions,
): Promise<T> {
  let last: unknown;
  const attempt = async (inner: AbortSignal): Promise<T> => {
    try {
      const value = await probe(inner);
      if (value !== undefined) return value;
      throw new Error(`${what}: not yet`);
    } catch (error) {
      if (error instanceof GiveUp) throw new AbortError(error.cause as Error);
      last = error;
      await clock.sleep(intervalMs, inner);
      // Wrapped, because p-retry takes a bare TypeError for a programming error and stops.
      throw new Error(`${what}: not yet`, { cause: error });
    }
  };
  try {
    return await withDeadline(what, deadline, signal, (inner) =>
      pRetry(() => attempt(inner), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 0,
        maxTimeout: 0,
        signal: inner,
      }),
    );
  } catch (error) {
    if (error instanceof DeadlinePassed) throw new DeadlinePassed(what, deadline.limitMs, last);
    throw error;
  }
}
