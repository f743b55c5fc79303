import { writeFileSync } from 'node:fs';
import type { CommandOutput } from '../../../src/core/ask.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { Deadline, DeadlinePassed, withDeadline } from '../../../src/core/deadline.ts';
import { DeviceFailure, type HarnessError } from '../../../src/core/errors.ts';
import { Fence } from '../../../src/core/fence.ts';
import type { RunContext } from '../../../src/device/run-context.ts';
import { ConsoleReader } from '../../../src/guest/console-messages.ts';
import { ConnectionLost, PowerCut } from '../../../src/guest/errors.ts';
import type { Disk } from '../../../src/nbd/disk.ts';
import { ConsoleAccount, type Heard } from '../../../src/target/console-account.ts';
import { Lease } from '../../../src/target/lease.ts';
import type { AnyState, Booting, Broken, Off, Ready } from '../../../src/target/states.ts';
import type { TargetOptions } from '../../../src/target/target.ts';
import { answerWithin } from './shell.ts';

/** What a guest has while it has power. */
export interface Power {
  /** By DiskSpec.id. Once the power is gone every request rejects. */
  disks: ReadonlyMap<string, Disk>;
  /** Aborts when the power goes. */
  signal: AbortSignal;
  /** What the clock says at each start; absent: the date of all guests. */
  clock?: string;
  /** Says a line on the console. */
  say: (line: string) => void;
  /** Ends the power cycle as a guest does that resets itself, and begins another one. */
  reset: () => Promise<void>;
  /** The boot loader has done its work, and a kernel starts. */
  kernel(): void;
  /** The same once it is up: whoever holds the device is to follow it, and commands under way end. */
  resetItself(): Promise<void>;
}

/** What runs on a simulated machine. One guest lives through all power cycles of a target; only disks survive them. */
export interface Guest {
  /** From power-on to a login. Throws DeviceFailure where the device does not come up. Returns how often it was reset. */
  start(power: Power): Promise<number>;
  /** A command of the shell. */
  run(command: string, input: string): Promise<CommandOutput>;
  /** What the system does before it ends a power cycle by itself. */
  end(): Promise<void>;
  /** What the login shell says before it does as it is told, and after it, on both streams. */
  readonly greeting: string;
  /** Where the host keeps the CPU from it. */
  starved?: () => HarnessError | undefined;
}

/** Makes devices that are programs in this process; `guestOf` makes what runs on each. */
export function simulatedTargets(
  guestOf: (options: TargetOptions) => Guest,
): (options: TargetOptions) => Promise<Off> {
  return (options) => {
    options.signal.throwIfAborted();
    return Promise.resolve(off(new Machine(options, guestOf(options))));
  };
}

/** The hardware of one target, whatever state it is in. */
class Machine {
  readonly guest: Guest;
  cpuSeconds = 0;
  consolePath: string | undefined;
  /** Aborts when this power cycle is over, or the run. */
  ended: AbortSignal = AbortSignal.abort();
  private cycle = new AbortController();
  /** Ends when the guest resets itself while it is up. */
  ownReset: Promise<void> = Promise.resolve();
  private noteOwnReset: () => void = () => undefined;
  /** Ends when a kernel starts for the first time in this power cycle. */
  kernel: Promise<void> = Promise.resolve();
  private noteKernel: () => void = () => undefined;
  /** Requests of the guest that its disks have not answered yet. */
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly options: TargetOptions;
  private launches = 0;
  private said = '';
  private readonly account: ConsoleAccount;
  private reader = new ConsoleReader();

  constructor(options: TargetOptions, guest: Guest) {
    this.options = options;
    this.account = new ConsoleAccount(options.console);
    this.guest = guest;
  }

  launch(): void {
    this.options.signal.throwIfAborted();
    this.cycle = new AbortController();
    this.ended = AbortSignal.any([this.options.signal, this.cycle.signal]);
    this.ownReset = new Promise((resolve) => {
      this.noteOwnReset = resolve;
    });
    this.kernel = new Promise((resolve) => {
      this.noteKernel = resolve;
    });
    this.launches += 1;
    this.cpuSeconds += 0.5;
    this.consolePath = this.options.consoleLog(this.launches);
    this.options.onPower?.(true);
    this.account.boots('somebody');
    this.reader = new ConsoleReader();
    this.said = '';
    this.say('power is on');
  }

  say(line: string): void {
    this.said += `${line}\n`;
    this.account.hear(line);
    const finding = this.reader.read(line);
    if (finding !== undefined) this.account.find(finding);
  }

  /** As a target's consoles have it. */
  hear(): Heard {
    return this.account.tell();
  }

  /** Writes the console's log once the boot has come to an end. */
  keepConsole(): void {
    if (this.consolePath !== undefined) writeFileSync(this.consolePath, this.said);
  }

  power(): Power {
    const { signal } = this.cycle;
    const disks = this.options.disks.map(({ spec, disk }) => [spec.id, this.powered(disk, signal)] as const);
    return {
      disks: new Map(disks),
      ...(this.options.clock === undefined ? {} : { clock: this.options.clock.start }),
      signal,
      say: (line) => this.say(line),
      reset: async () => {
        this.options.onNotice('the guest reset itself');
        await this.endedByGuest();
        this.account.boots('itself');
        this.options.onPower?.(true);
      },
      kernel: () => this.noteKernel(),
      resetItself: async () => {
        const { cycle } = this;
        await this.endedByGuest();
        this.noteOwnReset();
        await systemClock.sleep(0);
        cycle.abort(new ConnectionLost('the device went away: it reset itself'));
      },
    };
  }

  /** QEMU flushes every disk when its guest ends; the log is told before that. */
  async endedByGuest(): Promise<void> {
    this.options.onPower?.(false);
    await Promise.all(this.options.disks.map(({ disk }) => disk.flush()));
  }

  /** What a disk was asked for before it still does. */
  async cut(): Promise<void> {
    this.cycle.abort(new PowerCut());
    await Promise.allSettled(this.underWay);
  }

  /** A disk as long as there is power. */
  private powered(disk: Disk, signal: AbortSignal): Disk {
    const whilePowered = async <T>(request: () => Promise<T>): Promise<T> => {
      signal.throwIfAborted();
      const asked = request();
      this.underWay.add(asked);
      const value = await asked.finally(() => this.underWay.delete(asked));
      signal.throwIfAborted();
      return value;
    };
    return {
      bytes: disk.bytes,
      read: (offset, length) => whilePowered(() => disk.read(offset, length)),
      write: (offset, data, fua) => whilePowered(() => disk.write(offset, data, fua)),
      zero: (offset, length, fua) => whilePowered(() => disk.zero(offset, length, fua)),
      trim: (offset, length, fua) => whilePowered(() => disk.trim(offset, length, fua)),
      flush: () => whilePowered(() => disk.flush()),
    };
  }
}

function off(machine: Machine): Off {
  const lease = new Lease();
  return {
    ...anyState(machine),
    state: 'off',
    powerOn() {
      lease.end('switched on');
      machine.launch();
      return Promise.resolve(booting(machine));
    },
  };
}

function booting(machine: Machine): Booting {
  const lease = new Lease();
  let begun: Promise<number> | undefined;
  const start = () => {
    begun ??= machine.guest.start(machine.power());
    // Whoever cuts the power does not wait for its end.
    begun.catch(() => undefined);
    return begun;
  };
  return {
    ...anyState(machine),
    state: 'booting',
    from: 'power-on',
    async untilKernel(deadline, signal) {
      lease.use();
      const begun = start();
      await withDeadline('a kernel', deadline, either(machine, signal), () =>
        Promise.race([machine.kernel, begun]),
      );
    },
    async untilReady(deadline, signal) {
      lease.use();
      try {
        const resets = await withDeadline('the boot', deadline, either(machine, signal), () => start());
        lease.end('followed to the end of its boot');
        machine.say('login:');
        machine.keepConsole();
        return ready(machine, resets);
      } catch (error) {
        machine.keepConsole();
        const failure = failureOf(error, deadline, machine.consolePath);
        lease.end('followed to the end of its boot');
        return broken(machine, failure);
      }
    },
    cutPower: () => cutPower(machine, lease),
  };
}

function failureOf(error: unknown, { limitMs }: Deadline, logPath: string | undefined): DeviceFailure {
  const details = logPath === undefined ? {} : { logPath };
  if (error instanceof DeviceFailure) return new DeviceFailure(error.code, error.message, details);
  if (!(error instanceof DeadlinePassed)) throw error;
  return new DeviceFailure('boot-timeout', `no login within ${limitMs} ms`, { ...details, cause: error });
}

function ready(machine: Machine, resets: number): Ready {
  const lease = new Lease();
  const { guest } = machine;
  const end = async (code: string, { deadline = Deadline.after(120_000), signal }: EndLimits) => {
    lease.use();
    await withDeadline(code, deadline, either(machine, signal), () => guest.end());
    await machine.endedByGuest();
  };
  const noFiles = () => Promise.reject(new Error('a simulated device has no copies by ssh'));
  return {
    ...anyState(machine),
    state: 'ready',
    resets,
    async run(command, { deadline, signal, input = '', maxOutputBytes = 4 << 20 }) {
      lease.use();
      machine.cpuSeconds += 0.01;
      const text = typeof input === 'string' ? input : Buffer.from(input).toString();
      const answer = await withDeadline('a command', deadline, either(machine, signal), () =>
        guest.run(command, text),
      );
      const fence = new Fence(command, maxOutputBytes);
      answerWithin(fence, answer, guest.greeting);
      const { stdout, stderr, exitCode, truncated } = fence.output(answer.exitCode);
      return {
        exitCode,
        truncated: truncated || answer.truncated,
        stdout: stdout.toString(),
        stderr: stderr.toString(),
        ...(answer.starved === undefined ? {} : { starved: answer.starved }),
      };
    },
    readFile: noFiles,
    writeFile: noFiles,
    interact: noFiles,
    async reboot(options = {}) {
      await end('reboot-failed', options);
      lease.end('rebooted');
      machine.launch();
      return booting(machine);
    },
    async ownReset({ deadline, signal, atEnd }) {
      lease.use();
      await withDeadline('a reset', deadline, either(machine, signal), () => machine.ownReset).catch(
        (error: unknown) => {
          if (!(error instanceof DeadlinePassed)) throw error;
          throw new DeviceFailure(
            'no-reset',
            `the device did not reset itself within ${deadline.limitMs} ms`,
          );
        },
      );
      await atEnd();
      lease.end('reset by its guest');
      machine.launch();
      return booting(machine);
    },
    async shutdown(options = {}) {
      await end('shutdown-failed', options);
      lease.end('shut down');
      return off(machine);
    },
    cutPower: () => cutPower(machine, lease),
  };
}

type EndLimits = NonNullable<Parameters<Ready['reboot']>[0]>;

function broken(machine: Machine, failure: DeviceFailure): Broken {
  const lease = new Lease();
  return {
    ...anyState(machine),
    state: 'broken',
    failure,
    resets: 0,
    cutPower: () => cutPower(machine, lease),
  };
}

function anyState(machine: Machine): AnyState {
  return {
    cpuSeconds: () => machine.cpuSeconds,
    consolePath: () => machine.consolePath,
    hearConsole: () => Promise.resolve(machine.hear()),
    starved: () => machine.guest.starved?.(),
    [Symbol.asyncDispose]: () => machine.cut(),
  };
}

async function cutPower(machine: Machine, lease: Lease): Promise<Off> {
  lease.end('cut off from power');
  await machine.cut();
  return off(machine);
}

function either(machine: Machine, signal: AbortSignal | undefined): AbortSignal {
  return signal === undefined ? machine.ended : AbortSignal.any([machine.ended, signal]);
}

/** What a run takes in place of QEMU. */
export type CreateTarget = RunContext['createTarget'];
