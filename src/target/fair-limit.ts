import type { CommandOutput } from '../core/ask.ts';
import type { Deadline } from '../core/deadline.ts';
import { HarnessError } from '../core/errors.ts';

/** How many times its limit a wait may take where the host withholds CPU. */
const mostTimes = 5;
/** The end of what a failed command said, short enough for a message. */
const saidLimit = 300;
/** The share of a wait from which on the host is to blame for what did not come. */
const starvedShare = 0.5;
/** Programs have limits of their own in the guest's time, D-Bus 25 s; one that fails sooner has met none of them. */
const ownLimitMs = 10_000;

/** What says how much CPU a host withholds; a virtual machine does. */
interface Starvable {
  /** Milliseconds, from some moment on. */
  readonly withheldMs: number;
}

/**
 * Whether a wait of so many milliseconds, of which the host withheld so many, says something of the host rather than
 * the device.
 */
export function isStarved(waitedMs: number, withheldMs: number): boolean {
  return waitedMs > 0 && withheldMs / waitedMs >= starvedShare;
}

/**
 * Does something with a limit that runs only while the host gives the machine CPU, or the machine wants none: a
 * starved host is not a broken device. It takes at most five times its limit; after that, HarnessError `host-starved`.
 */
export async function fairly<T>(
  machine: Starvable,
  deadline: Deadline,
  signal: AbortSignal | undefined,
  work: (deadline: Deadline, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const starved = new AbortController();
  const began = { at: performance.now(), withheld: machine.withheldMs };
  const timer = setTimeout(
    () => starved.abort(hostStarved(performance.now() - began.at, machine.withheldMs - began.withheld)),
    Math.min(deadline.remainingMs * mostTimes, 2 ** 31 - 1),
  );
  const fair = deadline.by({ now: () => performance.now() - machine.withheldMs });
  try {
    const either = signal === undefined ? starved.signal : AbortSignal.any([signal, starved.signal]);
    return await work(fair, either);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a command on the machine. One that fails says nothing of the device where the host withheld CPU while it ran:
 * its output then has HarnessError `host-starved`.
 */
export async function excused(
  machine: Starvable,
  work: () => Promise<CommandOutput>,
): Promise<CommandOutput> {
  const began = { at: performance.now(), withheld: machine.withheldMs };
  const output = await work();
  const waitedMs = performance.now() - began.at;
  const withheldMs = machine.withheldMs - began.withheld;
  if (output.exitCode === 0 || waitedMs < ownLimitMs || !isStarved(waitedMs, withheldMs)) return output;
  return { ...output, starved: hostStarved(waitedMs, withheldMs, output) };
}

/** What is said of a host that did not let QEMU run; and of the command that failed meanwhile, where it was one. */
export function hostStarved(
  waitedMs: number,
  withheldMs: number,
  output?: Pick<CommandOutput, 'exitCode' | 'stdout' | 'stderr'>,
): HarnessError {
  const [waited, withheld] = [waitedMs, withheldMs].map((ms) => (ms / 1000).toFixed(0));
  const said = output === undefined ? '' : `${output.stdout}\n${output.stderr}`.trim().slice(-saidLimit);
  return new HarnessError(
    'host-starved',
    `the host withheld CPU from QEMU for ${withheld} of ${waited} s, so that nothing can be said of the device` +
      (output === undefined ? '' : `, where a command ended with ${output.exitCode}: ${said}`),
    { hint: 'run fewer machines at once (--jobs), or when the host has less to do' },
  );
}
