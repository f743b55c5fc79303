import { complaint } from '../core/ask.ts';
import { Deadline, DeadlinePassed, withDeadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import { ConnectionLost, PowerCut } from '../guest/errors.ts';
import type { SshSession } from '../guest/ssh.ts';
import type { QemuExit } from '../qemu/process.ts';
import { excused, fairly, hostStarved, isStarved } from './fair-limit.ts';
import type { EndOptions, OwnResetOptions } from './states.ts';
import type { VirtualMachine } from './virtual-machine.ts';

/** How long a guest may take to end its power cycle when the caller sets no limit. */
const endLimitMs = 120_000;
/** How long to wait for QEMU's end after a login broke: a guest's reset closes the login first. */
const exitGraceMs = 3000;

/** Does something through the login; when that breaks, says what became of the device. */
export async function throughLogin<T>(vm: VirtualMachine, work: () => Promise<T>): Promise<T> {
  const began = { at: performance.now(), withheld: vm.withheldMs };
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    const waited = performance.now() - began.at;
    throw await explainLoss(vm, error, waited, vm.withheldMs - began.withheld);
  }
}

/** A guest that ended its power cycle did so itself, however little the host let it run. */
async function explainLoss(
  vm: VirtualMachine,
  error: ConnectionLost,
  waitedMs: number,
  withheldMs: number,
): Promise<Error> {
  const { qemu, console } = vm.current;
  const limit = Deadline.after(exitGraceMs);
  vm.ended.throwIfAborted();
  const exit = await withDeadline('end of QEMU', limit, vm.ended, () => qemu.exited).catch(() => undefined);
  await console.catchUp();
  if (exit?.kind === 'failed') return exit.error;
  if (exit === undefined && isStarved(waitedMs, withheldMs)) return hostStarved(waitedMs, withheldMs);
  const panic = console.finding('panic');
  const became =
    exit === undefined
      ? ` (${error.message})`
      : exit.kind === 'guest-shutdown'
        ? ': it powered itself off'
        : ': it reset itself';
  const message = `the device went away${became}${panic === undefined ? '' : ` (${panic})`}; its console: ${console.path}`;
  return new ConnectionLost(message, { cause: error, logPath: console.path });
}

/** Asks the guest to end its power cycle and waits until QEMU has ended, for the reason that was asked for. */
export async function endByGuest(
  vm: VirtualMachine,
  session: SshSession,
  want: 'guest-reset' | 'guest-shutdown',
  { deadline = Deadline.after(endLimitMs), signal }: EndOptions,
): Promise<void> {
  const command = want === 'guest-reset' ? 'reboot' : 'poweroff';
  const code = want === 'guest-reset' ? 'reboot-failed' : 'shutdown-failed';
  const { qemu, console } = vm.current;
  const either = AbortSignal.any([vm.ended, ...(signal === undefined ? [] : [signal])]);
  const fail = (why: string, cause?: unknown) =>
    new DeviceFailure(code, `${why}; its console: ${console.path}`, { cause, logPath: console.path });
  try {
    const exit = await fairly(vm, deadline, either, (limit, fair) =>
      withDeadline(command, limit, fair, (inner) => askAndWait(limit, inner)),
    );
    if (exit.kind === 'failed') throw exit.error;
    if (exit.kind !== want)
      throw fail(`the device was asked to ${command} and did something else (${exit.kind})`);
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    throw fail(`the device did not ${command} within ${deadline.limitMs / 1000} s`, error);
  }

  async function askAndWait(limit: Deadline, inner: AbortSignal): Promise<QemuExit> {
    try {
      const output = await excused(vm, () => session.run(command, { deadline: limit, signal: inner }));
      // A shell that was ended by a signal is among what a shutdown ends.
      if (output.exitCode > 0 && output.exitCode <= 128)
        throw (
          output.starved ??
          fail(`${command} ended with ${output.exitCode} on the device: ${complaint(output)}`)
        );
    } catch (error) {
      // The guest may end the login before it reports the command's exit code.
      if (!(error instanceof ConnectionLost)) throw error;
    }
    return qemu.exited;
  }
}

/** Waits until the guest has reset itself. Throws DeviceFailure `no-reset`, and PowerCut. */
export async function untilOwnReset(
  vm: VirtualMachine,
  { deadline, signal }: Pick<OwnResetOptions, 'deadline' | 'signal'>,
): Promise<void> {
  const { qemu, console } = vm.current;
  const either = AbortSignal.any([vm.ended, ...(signal === undefined ? [] : [signal])]);
  const fail = (why: string, cause?: unknown) =>
    new DeviceFailure(
      'no-reset',
      `the device was to reset itself, and ${why}; its console: ${console.path}`,
      {
        cause,
        logPath: console.path,
      },
    );
  try {
    const exit = await fairly(vm, deadline, either, (limit, fair) =>
      withDeadline('reset', limit, fair, () => qemu.exited),
    );
    if (exit.kind === 'failed') throw exit.error;
    if (exit.kind === 'killed') throw new PowerCut();
    if (exit.kind === 'guest-shutdown') throw fail('powered itself off');
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    throw fail(`did not within ${deadline.limitMs / 1000} s`, error);
  }
}
