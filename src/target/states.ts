import type { CommandOptions, CommandOutput, Shell } from '../core/ask.ts';
import type { Deadline } from '../core/deadline.ts';
import type { DeviceFailure, HarnessError } from '../core/errors.ts';
import type { CopyOptions, TerminalInput, TerminalOutput } from '../guest/ssh.ts';
import type { Heard } from './console-account.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** What every state of a target can tell. Disposing of any state ends the whole target. */
export interface AnyState extends AsyncDisposable {
  /** CPU seconds that QEMU used, over all power-ons of this target; half a second of the last one may be missing. */
  cpuSeconds: () => number;
  /** Serial log of the latest power-on; undefined before the first. */
  consolePath: () => string | undefined;
  /** What the consoles have said and nobody was told yet; at most 50 lines of each severity and boot. */
  hearConsole: () => Promise<Heard>;
  /**
   * HarnessError `host-starved` where the host withheld half of ten seconds or more since somebody switched the target on
   * or asked it to reboot. Programs of a guest have limits of their own, as D-Bus has 25 s and systemd 90 s for a device:
   * what they did when those had passed says nothing of the device.
   */
  starved: () => HarnessError | undefined;
}

/** What can be done to any target that has power. */
interface Powered extends AnyState {
  /**
   * Takes the power away: QEMU dies at once and its disks' connections with it. What was not flushed is
   * for the owner of the disks to lose. Commands under way reject with PowerCut.
   */
  cutPower(): Promise<Off>;
}

/** Limits of asking the guest to end its power cycle; without a deadline it has two minutes. */
export interface EndOptions {
  deadline?: Deadline;
  signal?: AbortSignal | undefined;
}

/** Limits of waiting for a reset that the guest begins by itself, and what is to happen between its end and the next start. */
export interface OwnResetOptions {
  deadline: Deadline;
  signal?: AbortSignal;
  atEnd: () => Promise<void>;
}

/** No power. */
export interface Off extends AnyState {
  readonly state: 'off';
  /**
   * Starts QEMU. With a store, from the deepest snapshot whose guest saw nothing that these disks would show
   * differently, or else cold; the store may take snapshots on the way until the device is ready. A boot with a store
   * is for looking at, not for recording: what a snapshot's guest wrote is written at once and in order, and QEMU
   * flushes all disks when it saves. Errors: HarnessError `port-taken`, `qemu-failed`, `command-missing`,
   * `restore-failed`, …; ScenarioError.
   */
  powerOn(snapshots?: SnapshotStore): Promise<Booting>;
}

/** Power is on; nobody has logged in yet. */
export interface Booting extends Powered {
  readonly state: 'booting';
  /** Where the boot began. */
  readonly from: 'power-on' | 'snapshot';
  /**
   * Waits until a login works or it is certain (or the deadline says) that none will. Errors: HarnessError `host-starved`
   * where none came in time, or the device gave up its boots, on a host that withheld CPU from it.
   */
  untilReady(deadline: Deadline, signal?: AbortSignal): Promise<Ready | Broken>;
  /**
   * Waits until a kernel says something, takes the network card into use, or the guest has ended this power cycle by
   * itself: nobody can have logged in yet. Throws DeadlinePassed.
   */
  untilKernel(deadline: Deadline, signal?: AbortSignal): Promise<void>;
}

/** Logged in. Commands may run at the same time. */
export interface Ready extends Powered, Shell {
  readonly state: 'ready';
  /** How often the guest reset itself before it came up. */
  readonly resets: number;
  /** Errors: DeviceFailure `connection-lost` (says so when the guest reset itself), DeadlinePassed, PowerCut. */
  run(command: string, options: CommandOptions): Promise<CommandOutput>;
  readFile(path: string, options: CopyOptions): Promise<Buffer>;
  writeFile(path: string, data: string | Uint8Array, options: CopyOptions): Promise<void>;
  /** Gives a person a shell on the guest, until it ends. Errors: DeviceFailure `connection-lost`. */
  interact(input: TerminalInput, output: TerminalOutput, signal: AbortSignal): Promise<void>;
  /** Asks the guest to reboot and follows it. Errors: DeviceFailure `reboot-failed`; this state stays valid then. */
  reboot(options?: EndOptions): Promise<Booting>;
  /** Follows a reset that the guest begins by itself. Errors: DeviceFailure `no-reset`, PowerCut; this state stays valid then. */
  ownReset(options: OwnResetOptions): Promise<Booting>;
  /** Asks the guest to power off. Errors: DeviceFailure `shutdown-failed`; this state stays valid then. */
  shutdown(options?: EndOptions): Promise<Off>;
}

/** The device did not come up. */
export interface Broken extends Powered {
  readonly state: 'broken';
  /** `boot-timeout`, `kernel-panic`, `reset-loop`, `no-ssh`, `ssh-login-refused`, `ssh-host-key` or `powered-off`. */
  readonly failure: DeviceFailure;
  readonly resets: number;
}
