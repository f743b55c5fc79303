import { rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CleanupStack } from '../core/cleanup.ts';
import { Deadline } from '../core/deadline.ts';
import { HarnessError, messageOf } from '../core/errors.ts';
import { makeFolders } from '../core/make-folders.ts';
import { temporaryFolder } from '../core/scratch-folder.ts';
import { type ConsoleWatch, watchConsole } from '../guest/console.ts';
import { PowerCut } from '../guest/errors.ts';
import type { Login } from '../guest/ssh.ts';
import { type DeviceClock, timeAtStart } from '../model/device-clock.ts';
import type { Reach } from '../model/guest-network.ts';
import type { DiskSpec, ImageManifest, SshAccess } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import type { ConsoleTexts } from '../model/scenario.ts';
import type { Disk } from '../nbd/disk.ts';
import { type NbdServer, startNbdServer } from '../nbd/server.ts';
import type { Accelerator, DirectKernel, QemuSpec } from '../qemu/arguments.ts';
import { type Qemu, startQemu } from '../qemu/process.ts';
import { type Stretch, worse } from '../qemu/withheld.ts';
import { ConsoleAccount, type Heard } from './console-account.ts';
import { hostStarved, isStarved } from './fair-limit.ts';
import { firstCode } from './first-code.ts';
import { freePort } from './ports.ts';
import { SnapshotBoot } from './snapshot-boot.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** Milliseconds that QEMU itself may take to come up. */
const startLimitMs = 30_000;
/** Ports tried before giving up, where the port is ours to choose. */
const portTries = 5;

/** What a target is made of. */
export interface TargetOptions {
  manifest: Pick<ImageManifest, 'ssh' | 'boot' | 'qemu'>;
  machine: MachineName;
  /** In the order of the bus; the caller owns the disks and disposes of them after the target. */
  disks: readonly { spec: DiskSpec; disk: Disk }[];
  /** QEMU's own messages go to `qemu/` in here, and stay only where QEMU failed. */
  folder: string;
  /** Where the serial log of the n-th power-on goes; n counts from 1, guest resets included. */
  consoleLog: (n: number) => string;
  /** Unix socket for somebody who reads and types at the serial console; a path of at most 107 bytes. */
  consoleSocket?: string | undefined;
  accelerator: Accelerator;
  /** What to listen for on the console, and what to pass over. */
  console?: ConsoleTexts | undefined;
  /** Which random numbers QEMU gives the guest (default 0). */
  randomSeed?: number | undefined;
  /** What the guest's clock says at each start; absent: the date of all guests. */
  clock?: DeviceClock;
  /** Whether its power was cut before: default false. */
  afterCut?: boolean;
  /** Loopback port for the guest's ssh; chosen when absent. */
  sshPort?: number;
  /** What the guest reaches of the host (default: nothing). */
  reach?: Reach;
  /** Boots this kernel instead of what the image says. */
  kernel?: DirectKernel;
  /** Resets of the guest while it boots before that counts as a loop (default 8). */
  maxResets?: number;
  /** Kills everything at once. */
  signal: AbortSignal;
  /** Told what a person watching wants to know: resets, retries, dropped clients. */
  onNotice: (message: string) => void;
  /** Told when a power cycle begins, and when the guest has ended one by itself, before QEMU flushes its disks. */
  onPower?: (on: boolean) => void;
}

/** One power-on: QEMU with its console. */
export interface PowerCycle {
  qemu: Qemu;
  console: ConsoleWatch;
  sshPort: number;
  snapshots: SnapshotBoot | undefined;
}

/** Where the files of one power-on go. */
interface CyclePaths {
  consoleLog: string;
  logPath: string;
}

interface VirtualMachineParts {
  stack: CleanupStack;
  nbd: NbdServer;
  sockets: string;
  exports: Map<string, Disk>;
  end: AbortController;
}

/** Sockets, servers and the running QEMU of one target, whatever state it is in. */
export class VirtualMachine implements AsyncDisposable {
  readonly options: TargetOptions;
  /** Aborts when the options' signal does, and when the target is disposed of. */
  readonly ended: AbortSignal;
  private readonly stack: CleanupStack;
  private readonly nbd: NbdServer;
  private readonly sockets: string;
  /** What the NBD server serves, by DiskSpec.id. */
  private readonly exports: Map<string, Disk>;
  private cycle: PowerCycle | undefined;
  private session: Login | undefined;
  private hostKeySha256: string | undefined;
  private launches = 0;
  private readonly account: ConsoleAccount;
  /** Its power was cut, now or before. */
  private wasCut: boolean;
  private spentCpuSeconds = 0;
  private withheldBefore = 0;
  /** Of the power-ons since somebody switched it on or asked it to reboot, but for the one under way. */
  private worstBefore: Stretch | undefined;
  private disposed = false;
  private readonly end: AbortController;

  private constructor(options: TargetOptions, parts: VirtualMachineParts) {
    this.options = options;
    this.account = new ConsoleAccount(options.console);
    this.wasCut = options.afterCut ?? false;
    this.stack = parts.stack;
    this.nbd = parts.nbd;
    this.sockets = parts.sockets;
    this.exports = parts.exports;
    this.end = parts.end;
    this.ended = AbortSignal.any([options.signal, this.end.signal]);
    this.ended.addEventListener('abort', () => this.kill(), { once: true });
  }

  /** Serves the disks. Sockets live in a short temporary path, as a socket's path may have 107 bytes only. */
  static async create(options: TargetOptions): Promise<VirtualMachine> {
    options.signal.throwIfAborted();
    const stack = new CleanupStack();
    try {
      const { path: sockets } = stack.use('socket folder', await temporaryFolder());
      const exports = new Map(options.disks.map(({ spec, disk }) => [spec.id, disk]));
      const { onNotice } = options;
      const socketPath = join(sockets, 'nbd');
      const end = new AbortController();
      const onDropped = (message: string) => end.abort(new HarnessError('nbd-failed', message));
      const server = await startNbdServer({ socketPath, exports, onNotice, onDropped });
      return new VirtualMachine(options, {
        stack,
        nbd: stack.use('NBD server', server),
        sockets,
        exports,
        end,
      });
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  get cpuSeconds(): number {
    return this.spentCpuSeconds + (this.cycle?.qemu.cpuSeconds ?? 0);
  }

  /** Milliseconds for which the host withheld CPU from QEMU, over all power-ons. */
  get withheldMs(): number {
    return this.withheldBefore + (this.cycle?.qemu.withheldMs() ?? 0);
  }

  /** HarnessError `host-starved` where limits of the guest's own may have passed since somebody switched it on. */
  get starved(): HarnessError | undefined {
    const stretch = worse(this.worstBefore, this.cycle?.qemu.worstStretch());
    if (stretch === undefined || !isStarved(stretch.passedMs, stretch.withheldMs)) return undefined;
    return hostStarved(stretch.passedMs, stretch.withheldMs);
  }

  get consolePath(): string | undefined {
    return this.launches === 0 ? undefined : this.options.consoleLog(this.launches);
  }

  async hearConsole(): Promise<Heard> {
    await this.cycle?.console.catchUp();
    return this.account.tell();
  }

  /** The power cycle under way; only states that have power ask. */
  get current(): PowerCycle {
    if (this.cycle === undefined) throw new HarnessError('target-state', 'the target has no power');
    return this.cycle;
  }

  /** Starts QEMU: from the snapshot that spares the boot the most, if the store has one that fits, or else cold. */
  async launch(by: 'itself' | 'somebody', store?: SnapshotStore): Promise<void> {
    this.ended.throwIfAborted();
    await this.endCycle();
    this.account.boots(by);
    if (by === 'somebody') this.worstBefore = undefined;
    this.launches += 1;
    const consoleLog = this.options.consoleLog(this.launches);
    const logPath = join(this.options.folder, 'qemu', basename(consoleLog));
    await Promise.all([makeFolders(dirname(consoleLog)), makeFolders(dirname(logPath))]);
    const paths = { consoleLog, logPath };
    if (store === undefined || !(await this.restore(store, paths)))
      await this.startOnFreePort(paths, store && (await this.snapshotBoot(store, paths, 'cold')));
  }

  /** Starts from a snapshot that fits; false where there is none or it does not load: the disks are unchanged then. */
  private async restore(store: SnapshotStore, paths: CyclePaths): Promise<boolean> {
    const boot = await this.snapshotBoot(store, paths);
    const { snapshot } = boot;
    if (snapshot === undefined) return false;
    try {
      await writeFile(paths.consoleLog, snapshot.console);
      await this.startOnFreePort(paths, boot);
      await boot.loaded(this.current.qemu);
    } catch (error) {
      this.ended.throwIfAborted();
      this.options.onNotice(`booting cold, as a snapshot does not load: ${messageOf(error)}`);
      await Promise.all([this.endCycle(), store.drop(snapshot), rm(paths.consoleLog, { force: true })]);
      return false;
    }
    await boot.resume(this.current.qemu);
    return true;
  }

  private snapshotBoot(store: SnapshotStore, paths: CyclePaths, cold?: 'cold'): Promise<SnapshotBoot> {
    const { machine, accelerator, manifest, kernel, disks, onNotice } = this.options;
    const { boot, qemu } = manifest;
    const kinds = disks.map(({ spec, disk }) => [spec, disk.bytes]);
    const clock = this.rtcBase === undefined ? [] : [this.rtcBase];
    return SnapshotBoot.prepare(
      {
        store,
        machineKey: JSON.stringify([machine, accelerator, qemu, boot, kernel, kinds, ...clock]),
        disks,
        consolePath: paths.consoleLog,
        socketPath: join(this.sockets, `state${this.launches}`),
        signal: this.ended,
        onNotice,
        onBroken: (error) => this.end.abort(error),
      },
      cold !== undefined,
    );
  }

  /** With a port of our own choice, another one is tried when somebody was faster. */
  private async startOnFreePort(paths: CyclePaths, boot: SnapshotBoot | undefined): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const sshPort = this.options.sshPort ?? (await freePort());
      try {
        await this.start(paths, sshPort, boot);
        return;
      } catch (error) {
        const again =
          error instanceof HarnessError && error.code === 'port-taken' && this.options.sshPort === undefined;
        if (!again || attempt === portTries) throw error;
        this.options.onNotice(`loopback port ${sshPort} was taken meanwhile; trying another`);
      }
    }
  }

  /** How to log in: with the host key that the image names, else the one that this device has shown before. */
  get access(): SshAccess {
    const { ssh } = this.options.manifest;
    return this.hostKeySha256 === undefined ? ssh : { hostKeySha256: this.hostKeySha256, ...ssh };
  }

  /** Keeps the login that `cutPower` and disposal must end. */
  keep(session: Login): void {
    this.session = session;
    this.hostKeySha256 = session.hostKeySha256;
    this.cycle?.snapshots?.stop();
  }

  /** The power is gone: no more instructions, no more disk requests. */
  async cutPower(): Promise<void> {
    this.wasCut = true;
    this.cycle?.snapshots?.stop();
    const killed = this.cycle?.qemu.kill();
    this.session?.close(new PowerCut());
    await Promise.all([killed, this.nbd.dropAll()]);
    await this.endCycle();
  }

  /** Gathers what is left of a power cycle whose QEMU has ended or may be ended. */
  async endCycle(): Promise<void> {
    const { cycle } = this;
    if (cycle === undefined) return;
    cycle.snapshots?.stop();
    await cycle.qemu.kill();
    await cycle.snapshots?.idle();
    this.spentCpuSeconds += cycle.qemu.cpuSeconds;
    this.withheldBefore += cycle.qemu.withheldMs();
    this.worstBefore = worse(this.worstBefore, cycle.qemu.worstStretch());
    this.cycle = undefined;
    this.session = undefined;
    await cycle.console[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    this.end.abort(new HarnessError('target-state', 'the target was disposed of'));
    try {
      await this.cutPower();
    } finally {
      await this.stack[Symbol.asyncDispose]();
    }
  }

  private kill(): void {
    this.cycle?.snapshots?.stop();
    void this.cycle?.qemu.kill();
    this.session?.close(this.ended.reason as Error);
  }

  private async start(
    { consoleLog, logPath }: CyclePaths,
    sshPort: number,
    snapshots: SnapshotBoot | undefined,
  ): Promise<void> {
    for (const { spec, disk } of this.options.disks)
      this.exports.set(spec.id, snapshots?.layers.get(spec.id) ?? disk);
    const spec = { ...this.spec(consoleLog, sshPort), holdReads: snapshots !== undefined };
    this.options.onPower?.(true);
    const qemu = await startQemu({
      spec,
      logPath,
      deadline: Deadline.after(startLimitMs),
      signal: this.ended,
      onGuestEnd: () => this.options.onPower?.(false),
      saved: snapshots?.snapshot,
    });
    const console = watchConsole(spec.consoleLog);
    console.onLine((line) => this.account.hear(line));
    console.onFinding((finding) => this.account.find(finding));
    this.cycle = { qemu, console, sshPort, snapshots };
    void qemu.exited.then(async (exit) => {
      if (exit.kind !== 'failed') await rm(logPath, { force: true });
    });
    this.ended.throwIfAborted();
    snapshots?.follow(qemu);
  }

  private get rtcBase(): string | undefined {
    const { clock, machine } = this.options;
    return clock === undefined ? undefined : timeAtStart(machine, clock, this.wasCut);
  }

  private spec(consoleLog: string, sshPort: number): QemuSpec {
    const { manifest, machine, accelerator, disks, kernel, randomSeed, reach } = this.options;
    return {
      rtcBase: this.rtcBase,
      machine,
      accelerator,
      randomSeed,
      ...manifest.qemu,
      ...firstCode(manifest.boot, kernel),
      disks: disks.map(({ spec }) => ({
        ...spec,
        source: { nbd: { socketPath: this.nbd.socketPath, exportName: spec.id } },
      })),
      consoleLog,
      consoleSocket: this.options.consoleSocket,
      qmpSocket: join(this.sockets, `qmp${this.launches}`),
      sshPort,
      reach,
    };
  }
}
