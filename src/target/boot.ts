import { systemClock } from '../core/clock.ts';
import { Deadline, DeadlinePassed, withDeadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import { knock } from '../guest/banner.ts';
import { SshSession } from '../guest/ssh.ts';
import type { QemuExit } from '../qemu/process.ts';
import type { PowerCycle, VirtualMachine } from './virtual-machine.ts';

/** How long a knock waits for the server's first bytes: at first, and at most after doubling at each silence. */
const patienceMs = { first: 1000, most: 16_000 };
/** Between the network card's first use and the first knock: the guest drops what comes before its link is up. */
const linkUpMs = 400;
/** Pause between knocks. */
const pauseMs = 200;
/** One login, from first bytes to shell; emulated guests on a loaded host are slow. */
const loginLimitMs = 45_000;
/** When to knock although the network card was not seen to come up. */
const networkGraceMs = 15_000;
const defaultMaxResets = 8;
const linesInMessage = 8;

/** What a boot that failed is called. */
type BootFailureCode =
  | 'boot-timeout'
  | 'kernel-panic'
  | 'no-ssh'
  | 'powered-off'
  | 'reset-loop'
  | 'ssh-host-key'
  | 'ssh-login-refused';

/** Where limits that a guest has of its own may be the reason: those of its jobs, and of its watchdogs. */
const ofTime: readonly string[] = [
  'boot-timeout',
  'no-ssh',
  'powered-off',
  'reset-loop',
] satisfies BootFailureCode[];

/** Whether a boot failed in a way that a host brings about by withholding CPU. A kernel panics, and a login is refused, for what is on the disk. */
export function isOfTime({ code }: DeviceFailure): boolean {
  return ofTime.includes(code);
}

/** How a boot ended. */
export type BootOutcome =
  | { session: SshSession; resets: number }
  | { failure: DeviceFailure; resets: number };

/** How one power cycle ended, or that its guest stands still for ever. */
type CycleEnd =
  | { session: SshSession }
  | { exit: QemuExit }
  | { halted: string }
  | { refused: DeviceFailure };

/** How far the guest's network and login were seen to come, for the message of a failed boot. */
interface Progress {
  answer: 'silent' | 'refused' | 'answered';
  problem: Error | undefined;
}

/**
 * Follows a guest through its boot, and through its own resets, until a login works or will not come.
 * A guest that resets itself (QEMU ends, because of -no-reboot) gets its power back at once.
 */
export async function followBoot(
  vm: VirtualMachine,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<BootOutcome> {
  const maxResets = vm.options.maxResets ?? defaultMaxResets;
  const progress: Progress = { answer: 'silent', problem: undefined };
  let resets = 0;
  let lastPanic: string | undefined;
  for (;;) {
    const { console } = vm.current;
    const fail = (code: BootFailureCode, what: string, cause?: unknown): BootOutcome => ({
      failure: bootFailure(code, what, vm.current, cause),
      resets,
    });
    try {
      const end = await withDeadline('boot', deadline, signal, (inner) => cycleEnd(vm, progress, inner));
      await console.catchUp();
      if ('session' in end) return { session: end.session, resets };
      if ('halted' in end) return fail('kernel-panic', `the kernel panicked and stands still: ${end.halted}`);
      if ('refused' in end) return fail('ssh-host-key', end.refused.message, end.refused);
      if (end.exit.kind === 'failed') throw end.exit.error;
      if (end.exit.kind === 'guest-shutdown')
        return fail('powered-off', 'the device powered itself off while it booted');
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
      await console.catchUp();
      const passed = { resets, lastPanic, limitMs: deadline.limitMs };
      const [code, what] = timeoutOf(vm.current, progress, passed);
      return fail(code, what, error);
    }
    signal.throwIfAborted();
    lastPanic = console.finding('panic') ?? lastPanic;
    const because = lastPanic === undefined ? '' : ` (${lastPanic})`;
    resets += 1;
    if (resets > maxResets)
      return fail(
        'reset-loop',
        `the device reset itself ${resets} times; the limit is ${maxResets}${because}`,
      );
    vm.options.onNotice(
      `the device reset itself while it booted, ${resets} of at most ${maxResets}${because}`,
    );
    await vm.launch('itself');
  }
}

async function cycleEnd(vm: VirtualMachine, progress: Progress, signal: AbortSignal): Promise<CycleEnd> {
  const { qemu, console } = vm.current;
  const halted = new Promise<CycleEnd>((resolve) => {
    const judge = () => {
      const line = console.finding('halted');
      if (line !== undefined) resolve({ halted: console.finding('panic') ?? line });
    };
    console.onFinding(judge);
    judge();
  });
  const exit = qemu.exited.then((exit): CycleEnd => ({ exit }));
  return Promise.race([exit, halted, login(vm, progress, signal)]);
}

/**
 * Knocks, one at a time, until somebody answers and lets us in. Not before the guest's network card is in
 * use: QEMU's network keeps each early knock alive, and a small ssh server then pays for all of them.
 */
async function login(vm: VirtualMachine, progress: Progress, signal: AbortSignal): Promise<CycleEnd> {
  const { qemu, sshPort } = vm.current;
  await Promise.race([qemu.networkUp, systemClock.sleep(networkGraceMs, signal)]);
  await systemClock.sleep(linkUpMs, signal);
  let patience = patienceMs.first;
  for (;;) {
    signal.throwIfAborted();
    const answer = await knock(sshPort, patience, signal);
    if (answer.kind === 'silent') patience = Math.min(2 * patience, patienceMs.most);
    if (progress.answer !== 'answered') progress.answer = answer.kind;
    try {
      if (answer.kind === 'answered') {
        const limit = Deadline.after(loginLimitMs);
        return { session: await SshSession.login(answer.socket, vm.access, limit, signal) };
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof DeviceFailure || error instanceof DeadlinePassed)) throw error;
      if (error instanceof DeviceFailure && error.code === 'ssh-host-key') return { refused: error };
      progress.problem = error;
    }
    await systemClock.sleep(pauseMs, signal);
  }
}

interface Passed {
  resets: number;
  lastPanic: string | undefined;
  limitMs: number;
}

/** Code and message of a boot whose deadline passed, by how far it came. */
function timeoutOf(
  { console }: PowerCycle,
  { answer, problem }: Progress,
  { resets, lastPanic, limitMs }: Passed,
): [BootFailureCode, string] {
  const limit = `within ${limitMs / 1000} s`;
  const panic = console.finding('panic') ?? lastPanic;
  const after = resets === 0 ? '' : ` (after ${resets} resets of its own)`;
  if (panic !== undefined)
    return ['kernel-panic', `the device did not come up ${limit}${after}; its kernel panicked: ${panic}`];
  const emergency = console.finding('emergency');
  if (emergency !== undefined)
    return [
      'boot-timeout',
      `the device did not come up ${limit}${after}; it waits for a human: ${emergency}`,
    ];
  if (answer === 'silent') return ['boot-timeout', `the device did not come up ${limit}${after}`];
  const why =
    answer === 'refused'
      ? 'it is on the network and nothing listens on its port 22'
      : (problem?.message ?? 'its login does not finish');
  const refused = problem instanceof DeviceFailure && problem.code === 'ssh-login-refused';
  return [refused ? 'ssh-login-refused' : 'no-ssh', `no login on the device ${limit}${after}: ${why}`];
}

function bootFailure(
  code: BootFailureCode,
  what: string,
  { console }: PowerCycle,
  cause: unknown,
): DeviceFailure {
  const last = console.tail(linesInMessage).map((line) => `  | ${line}`);
  const said =
    last.length === 0 ? 'nothing came on the console' : `the console ended with:\n${last.join('\n')}`;
  return new DeviceFailure(code, `${what}; ${said}\nwhole console: ${console.path}`, {
    cause,
    logPath: console.path,
  });
}
