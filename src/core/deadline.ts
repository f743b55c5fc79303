import { type Clock, systemClock } from './clock.ts';

/** A point in time that waits must not pass. Create one where the limit is known and hand it down. */
export class Deadline {
  readonly limitMs: number;
  private readonly end: number;
  private readonly clock: Pick<Clock, 'now'>;

  private constructor(limitMs: number, clock: Pick<Clock, 'now'>, remainingMs = limitMs) {
    this.limitMs = limitMs;
    this.clock = clock;
    this.end = clock.now() + remainingMs;
  }

  /** A deadline `ms` milliseconds from now. */
  static after(ms: number, clock: Clock = systemClock): Deadline {
    return new Deadline(ms, clock);
  }

  /** The same limit, and what is left of it, by another clock. */
  by(clock: Pick<Clock, 'now'>): Deadline {
    return new Deadline(this.limitMs, clock, this.remainingMs);
  }

  /** Milliseconds left, never negative. */
  get remainingMs(): number {
    return Math.max(0, this.end - this.clock.now());
  }
}

/** Thrown by a wait whose deadline passed; callers turn it into the failure that fits. */
export class DeadlinePassed extends Error {
  readonly what: string;
  readonly limitMs: number;
  constructor(what: string, limitMs: number, cause?: unknown) {
    super(`${what} took longer than ${(limitMs / 1000).toFixed(1)} s`, { cause });
    this.name = 'DeadlinePassed';
    this.what = what;
    this.limitMs = limitMs;
  }
}

/** Milliseconds after its time at which a timer rings even of a program that computes little. */
const mostLateMs = 20;

/**
 * Awaits `work`, but no longer than the deadline and only until `signal` aborts. The work itself is
 * told through the AbortSignal it is given; it must stop on it. Where this program has computed past the deadline, the work
 * has as long again, twice the limit in all at most.
 */
export async function withDeadline<T>(
  what: string,
  deadline: Deadline,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  let timer: NodeJS.Timeout | undefined;
  let spareMs = deadline.limitMs;
  const wait = (ms: number) => {
    const askedMs = Math.min(Math.max(ms, 1), 2 ** 31 - 1);
    const due = performance.now() + askedMs;
    timer = setTimeout(() => {
      const lateMs = performance.now() - due;
      // The deadline's clock may be slower than the host's: then some of it is left when the timer rings.
      const left = deadline.remainingMs;
      if (left > 0) wait(left);
      // While this program computed it noticed nothing of what had ended meanwhile.
      else if (lateMs > mostLateMs && spareMs > 0) {
        spareMs -= lateMs;
        wait(Math.min(lateMs, deadline.limitMs));
      } else controller.abort(new DeadlinePassed(what, deadline.limitMs));
    }, askedMs);
  };
  wait(deadline.remainingMs);
  try {
    return await Promise.race([work(controller.signal), rejectOnAbort(controller.signal)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    controller.abort(new Error(`${what}: finished`));
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
