import { readFile } from 'node:fs/promises';
import { Deadline } from '../core/deadline.ts';
import { sha256 } from '../core/digest.ts';
import { HarnessError, messageOf } from '../core/errors.ts';
import type { DiskSpec } from '../model/image.ts';
import type { Disk } from '../nbd/disk.ts';
import { HoldDisk, type Holder } from '../nbd/hold-disk.ts';
import { Contents, makeChanges, PrologueRecorder } from '../nbd/prologue.ts';
import { readSetBlockBytes } from '../nbd/read-set.ts';
import { letRun, saveState, untilHeld, untilLoaded } from '../qemu/migration.ts';
import type { Qemu } from '../qemu/process.ts';
import { type Shown, type Trace, withShown } from './branches.ts';
import type { Snapshot, SnapshotStore } from './snapshot-store.ts';

/** Milliseconds that saving or loading may take; on a host with nothing else to do both take less than one second. */
const limitMs = 30_000;

/** One power-on that may begin with a snapshot and may leave others. */
export interface SnapshotBootOptions {
  store: SnapshotStore;
  machineKey: string;
  disks: readonly { spec: DiskSpec; disk: Disk }[];
  consolePath: string;
  /** A free path for a unix socket. */
  socketPath: string;
  signal: AbortSignal;
  onNotice: (message: string) => void;
  /** Told when the guest can no longer be trusted. */
  onBroken: (error: HarnessError) => void;
}

/**
 * Stands between a boot and its disks for a SnapshotStore. Where the guest is about to read what it was not shown
 * before, that one read fails; QEMU stops the guest for it and keeps the request. The machine is saved in this moment,
 * and runs on: it makes the request again, and so does every machine that starts from the snapshot, on its own disks.
 */
export class SnapshotBoot {
  /** What QEMU is to be given instead of the disks, by id. */
  readonly layers: ReadonlyMap<string, HoldDisk>;
  /** The snapshot that it begins with. */
  readonly snapshot: Snapshot | undefined;
  private readonly options: SnapshotBootOptions;
  private readonly recorder: PrologueRecorder;
  private qemu: Qemu | undefined;
  private networkUp = false;
  private isHeld = false;
  private trace: Trace;
  private work: Promise<void> = Promise.resolve();
  private startedAt = 0;
  private lastAt = 0;

  private constructor(options: SnapshotBootOptions, snapshot: Snapshot | undefined) {
    this.options = options;
    this.snapshot = snapshot;
    this.networkUp = snapshot?.networkUp ?? false;
    this.trace = snapshot?.trace ?? 0n;
    const disks = disksById(options);
    const recorder = new PrologueRecorder(disks, snapshot?.prologue);
    this.recorder = recorder;
    this.layers = new Map(
      options.disks.map(({ spec, disk }) => {
        // QEMU reads flash wholly when it starts, and can hold none of its reads; nor has it been seen to hold those of
        // whatever device an image brings for its disk.
        const canHold = spec.attach === 'virtio-blk';
        const holds: Holder['holds'] = (offset, length, peek) =>
          this.holds({ disk: spec.id, offset, length }, canHold, peek);
        return [spec.id, new HoldDisk(disk, { disk: spec.id, recorder, holds })];
      }),
    );
  }

  /** Looks for the snapshot to begin with; with `cold` it begins with none. */
  static async prepare(options: SnapshotBootOptions, cold = false): Promise<SnapshotBoot> {
    const { store, machineKey, signal } = options;
    if (cold) return new SnapshotBoot(options, undefined);
    const contents = new Contents(disksById(options));
    return new SnapshotBoot(options, await store.fitting(machineKey, contents, signal));
  }

  /**
   * Waits until QEMU has loaded the snapshot. Nothing is changed by then: where this fails, the same disks can still
   * be booted cold. Errors: HarnessError; DeadlinePassed.
   */
  async loaded(qemu: Qemu): Promise<void> {
    await untilLoaded(qemu.qmp, this.limits());
  }

  /** Brings the disks to where the snapshot's guest had brought its own, and lets the guest run on. */
  async resume(qemu: Pick<Qemu, 'qmp'>): Promise<void> {
    const { snapshot, layers } = this;
    if (snapshot === undefined) return;
    try {
      await makeChanges(snapshot.prologue, disksById(this.options));
      for (const layer of layers.values()) layer.dropsRewrites = true;
      await letRun(qemu.qmp, this.limits());
      for (const layer of layers.values()) layer.dropsRewrites = false;
    } catch (error) {
      this.options.signal.throwIfAborted();
      const message = `a machine could not be continued from its snapshot: ${messageOf(error)}`;
      throw new HarnessError('restore-failed', message, { cause: error });
    }
    this.options.store.noteRestored();
  }

  /** From now on reads may be held. */
  follow(qemu: Qemu): void {
    this.qemu = qemu;
    this.startedAt = qemu.cpuSecondsNow();
    this.lastAt = this.startedAt;
    void qemu.networkUp.then(() => {
      this.networkUp = true;
    });
    qemu.qmp.onEvent(({ event, data }) => {
      if (event !== 'BLOCK_IO_ERROR' || data['action'] !== 'stop' || this.isHeld) return;
      const message = `QEMU stopped its guest because a disk failed: ${String(data['reason'])}`;
      this.options.onBroken(new HarnessError('disk-failed', message));
    });
  }

  /** The boot is over, or its power is: no snapshot from here on. */
  stop(): void {
    this.qemu = undefined;
    this.recorder.spoil();
  }

  /** Resolves when nothing is being saved any more; call it when QEMU has ended. */
  async idle(): Promise<void> {
    await this.work;
  }

  /** Takes note of a read, and holds it where this boot parts from earlier ones. */
  private async holds(
    read: Omit<Shown, 'digest'>,
    canHold: boolean,
    peek: () => Promise<Buffer>,
  ): Promise<boolean> {
    if (this.recorder.spoiled || !this.isNewAndHot(read)) return false;
    const shown = { ...read, digest: sha256(await peek()) };
    if (this.isHeld && canHold) return true;
    const { qemu, trace } = this;
    const { store, machineKey } = this.options;
    const parts = store.branches.parts(trace, shown);
    if (parts && canHold && qemu !== undefined && this.isDue(qemu) && !store.has({ machineKey, trace })) {
      this.isHeld = true;
      this.work = this.take(qemu, trace);
      return true;
    }
    this.trace = withShown(trace, shown);
    return false;
  }

  private isDue(qemu: Qemu): boolean {
    return qemu.cpuSecondsNow() - this.lastAt >= this.options.store.minCpuSeconds;
  }

  private isNewAndHot({ disk, offset, length }: Omit<Shown, 'digest'>): boolean {
    return this.recorder.fresh(disk, offset, length).some((run) => {
      const end = Math.ceil((run.offset + run.length) / readSetBlockBytes);
      for (let block = Math.floor(run.offset / readSetBlockBytes); block < end; block += 1)
        if (this.options.store.isHot(disk, block)) return true;
      return false;
    });
  }

  /** Saves the machine and lets it run on. Never rejects. */
  private async take(qemu: Qemu, trace: Trace): Promise<void> {
    const { machineKey, onNotice, store } = this.options;
    try {
      await untilHeld(qemu.qmp, this.limits());
      await store
        .keep((path) => this.save(qemu, path, trace), { machineKey, trace })
        .catch((error: unknown) => {
          if (this.qemu !== undefined) onNotice(`no snapshot was taken: ${messageOf(error)}`);
        });
      this.isHeld = false;
      this.lastAt = qemu.cpuSecondsNow();
      await letRun(qemu.qmp, this.limits());
    } catch (error) {
      if (isClosed(error) || this.options.signal.aborted) return; // whoever ended QEMU says why
      const message = `a guest could not be held and let run on: ${messageOf(error)}`;
      this.options.onBroken(new HarnessError('snapshot-failed', message, { cause: error }));
    }
  }

  private async save(qemu: Qemu, path: string, trace: Trace): Promise<Omit<Snapshot, 'path'>> {
    const { consolePath, socketPath, machineKey } = this.options;
    await saveState(qemu.qmp, { socketPath, path }, this.limits());
    const { prologue } = this.recorder;
    if (prologue === undefined) throw new Error('the account of the guest’s requests is incomplete');
    const console = await readFile(consolePath).catch(() => Buffer.alloc(0));
    const cpuSeconds = (this.snapshot?.cpuSeconds ?? 0) + qemu.cpuSecondsNow() - this.startedAt;
    return { prologue, trace, machineKey, console, networkUp: this.networkUp, cpuSeconds };
  }

  private limits() {
    return { deadline: Deadline.after(limitMs), signal: this.options.signal };
  }
}

function disksById({ disks }: SnapshotBootOptions): ReadonlyMap<string, Disk> {
  return new Map(disks.map(({ spec, disk }) => [spec.id, disk]));
}

function isClosed(error: unknown): boolean {
  return error instanceof HarnessError && error.code === 'qmp-closed';
}
