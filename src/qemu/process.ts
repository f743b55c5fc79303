import { open, readFile } from 'node:fs/promises';
import { type Deadline, withDeadline } from '../core/deadline.ts';
import { HarnessError } from '../core/errors.ts';
import { type Child, type ChildExit, startChild } from '../process/start.ts';
import { type QemuSpec, qemuArguments } from './arguments.ts';
import { CpuTime } from './cpu-time.ts';
import { QmpClient } from './qmp.ts';
import { type Stretch, Withheld } from './withheld.ts';

/** The file descriptor under which a child finds the first file that it inherits. */
const firstFile = 3;

/** How QEMU ended. `failed` carries what to report; the others are ordinary ends of a guest's power cycle. */
export type QemuExit =
  | { kind: 'guest-reset' | 'guest-shutdown' | 'killed' }
  | { kind: 'failed'; error: HarnessError };

/** A running QEMU. Disposing of it kills it. */
export interface Qemu extends AsyncDisposable {
  readonly pid: number;
  readonly qmp: QmpClient;
  readonly exited: Promise<QemuExit>;
  /**
   * Resolves when the guest's driver takes its network card into use (event NIC_RX_FILTER_CHANGED of
   * QEMU's qapi/net.json); never for a driver that does not set receive filters.
   */
  readonly networkUp: Promise<void>;
  /** CPU seconds used, at most half a second old. */
  readonly cpuSeconds: number;
  /** CPU seconds used up to now. */
  cpuSecondsNow(): number;
  /** Milliseconds up to now for which the host withheld CPU from it (withheld.ts). */
  withheldMs(): number;
  /** The ten seconds of which it withheld the most; undefined where there were none yet. */
  worstStretch(): Stretch | undefined;
  /** SIGKILL now: nothing is flushed, nothing is asked. Resolves when the process is gone. */
  kill(): Promise<QemuExit>;
}

/** What to start, where its own messages go (appended), and how long it may take until it answers. */
export interface QemuStart {
  spec: QemuSpec;
  logPath: string;
  deadline: Deadline;
  signal?: AbortSignal | undefined;
  /** Called as soon as the guest has ended its power cycle, before QEMU has closed its disks. */
  onGuestEnd?: (() => void) | undefined;
  /** A state that an earlier QEMU with an equal `spec` saved (migration.ts): it is loaded, and waits to be let run. */
  saved?: { path: string; networkUp: boolean } | undefined;
}

/**
 * Starts QEMU and connects to it; the guest runs when this resolves, unless it was `saved`. QEMU dies with this program, also on
 * SIGKILL (process/start.ts); one that starts after its parent is gone finds no NBD server and ends.
 * Throws HarnessError `port-taken` (the forwarded port), `command-missing`, `qemu-failed`, `qemu-start-timeout`.
 */
export async function startQemu(start: QemuStart): Promise<Qemu> {
  const { spec, logPath, deadline, signal, onGuestEnd, saved } = start;
  signal?.throwIfAborted();
  const logStart = await sizeOf(logPath);
  await using state = saved === undefined ? undefined : await open(saved.path, 'r');
  const command = qemuArguments(state === undefined ? spec : { ...spec, incomingFd: firstFile });
  const child = await startChild({ ...command, logPath, files: state === undefined ? [] : [state.fd] });
  const running = new RunningQemu(child, {
    program: command.program,
    logPath,
    logStart,
    sshPort: spec.sshPort,
  });
  const abort = () => void running.kill();
  signal?.addEventListener('abort', abort, { once: true });
  void running.exited.then(() => signal?.removeEventListener('abort', abort));
  try {
    running.attach(await connectOrExit(running, spec.qmpSocket, { deadline, signal }), onGuestEnd);
    if (saved?.networkUp === true) running.noteNetworkUp();
    return running;
  } catch (error) {
    await running.kill();
    if (signal?.aborted === true || error instanceof HarnessError) throw error;
    const message = `QEMU did not answer within ${deadline.limitMs / 1000} s (its messages: ${logPath})`;
    throw new HarnessError('qemu-start-timeout', message, { cause: error, logPath });
  }
}

/** A QEMU that cannot start closes its control connection a moment before it ends; its end says more. */
async function connectOrExit(running: RunningQemu, socketPath: string, limits: Limits): Promise<QmpClient> {
  return withDeadline('starting QEMU', limits.deadline, limits.signal, async (signal) => {
    const connected = QmpClient.connect(socketPath, { deadline: limits.deadline, signal });
    const early = running.exited.then(() => undefined);
    const client = await Promise.race([connected, early]).catch(() => undefined);
    if (client !== undefined) return client;
    const exit = await running.exited;
    if (exit.kind === 'failed') throw exit.error;
    throw new HarnessError('qemu-failed', `QEMU ended while it was being started (${exit.kind})`);
  });
}

interface Limits {
  deadline: Deadline;
  signal: AbortSignal | undefined;
}

/** What error messages about one QEMU name. */
interface Identity {
  program: string;
  logPath: string;
  /** Where this QEMU's messages begin in the log. */
  logStart: number;
  sshPort: number | undefined;
}

class RunningQemu implements Qemu {
  readonly exited: Promise<QemuExit>;
  readonly networkUp: Promise<void>;
  private readonly child: Child;
  private readonly identity: Identity;
  private readonly cpu: CpuTime;
  private readonly withheld: Withheld;
  private client: QmpClient | undefined;
  private resolveNetworkUp: (() => void) | undefined;
  private killed = false;
  /** `reason` of QEMU's SHUTDOWN event: with -no-reboot a reset and a power-off both end with exit code 0. */
  private shutdownReason: unknown;

  constructor(child: Child, identity: Identity) {
    this.child = child;
    this.identity = identity;
    this.cpu = new CpuTime(child.pid ?? 0);
    this.withheld = new Withheld(child.pid ?? 0);
    this.exited = child.exited.then((exit) => this.ended(exit));
    this.networkUp = new Promise((resolve) => {
      this.resolveNetworkUp = resolve;
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get qmp(): QmpClient {
    if (this.client === undefined) throw new HarnessError('qmp-closed', 'QEMU is not connected yet');
    return this.client;
  }

  get cpuSeconds(): number {
    return this.cpu.seconds;
  }

  cpuSecondsNow(): number {
    this.cpu.sample();
    return this.cpu.seconds;
  }

  withheldMs(): number {
    return this.withheld.ms;
  }

  worstStretch(): Stretch | undefined {
    return this.withheld.worst;
  }

  noteNetworkUp(): void {
    this.resolveNetworkUp?.();
  }

  attach(client: QmpClient, onGuestEnd: () => void = () => undefined): void {
    this.client = client;
    client.onEvent(({ event, data }) => {
      if (event === 'NIC_RX_FILTER_CHANGED') this.noteNetworkUp();
      if (event !== 'SHUTDOWN') return;
      this.shutdownReason = data['reason'];
      onGuestEnd();
      this.cpu.sample();
    });
  }

  async kill(): Promise<QemuExit> {
    this.killed = true;
    this.cpu.sample();
    this.child.kill('SIGKILL');
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  private async ended({ code, signal, message }: ChildExit): Promise<QemuExit> {
    this.cpu.stop();
    this.withheld.stop();
    await this.client?.closed;
    if (code === 0 && isGuestEnd(this.shutdownReason)) return { kind: this.shutdownReason };
    if (this.killed && signal !== undefined) return { kind: 'killed' };
    return { kind: 'failed', error: await this.explain(code, signal, message) };
  }

  private async explain(
    code: number | undefined,
    signal: string | undefined,
    message: string | undefined,
  ): Promise<HarnessError> {
    const { program, logPath, logStart, sshPort } = this.identity;
    if (code === 0) {
      const reason = typeof this.shutdownReason === 'string' ? this.shutdownReason : 'it did not say why';
      const message = `${program} ended, but neither its guest nor the harness wanted that (${reason})`;
      return new HarnessError('qemu-killed', message, { logPath });
    }
    if (signal !== undefined) {
      const hint =
        signal === 'SIGKILL' ? 'the host may be out of memory: run fewer machines at once' : undefined;
      const details = hint === undefined ? { logPath } : { logPath, hint };
      return new HarnessError(
        'qemu-killed',
        `${program} was ended by ${signal}, which the harness did not send`,
        details,
      );
    }
    const said = (await readFile(logPath).catch(() => Buffer.alloc(0))).subarray(logStart).toString('utf8');
    if (/Could not set up host forwarding rule/.test(said)) {
      return new HarnessError('port-taken', `loopback port ${sshPort ?? '?'} is taken`, { logPath });
    }
    if (code === undefined || (code === 127 && /failed to execute|No such file/.test(said))) {
      const details = { logPath, hint: 'run: brownout setup', cause: message };
      return new HarnessError('command-missing', `${program} or setpriv is not installed`, details);
    }
    const last = said.trim().split('\n').slice(-3).join('\n').slice(-2000);
    return new HarnessError('qemu-failed', `${program} ended with ${code} (all of it: ${logPath}): ${last}`, {
      logPath,
    });
  }
}

/** Reasons (ShutdownCause of QEMU's qapi/run-state.json) for which the end was the guest’s own doing. */
function isGuestEnd(reason: unknown): reason is 'guest-reset' | 'guest-shutdown' {
  return reason === 'guest-reset' || reason === 'guest-shutdown';
}

async function sizeOf(path: string): Promise<number> {
  return (await readFile(path).catch(() => Buffer.alloc(0))).length;
}
