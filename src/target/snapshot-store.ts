import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import { makeFolders } from '../core/make-folders.ts';
import type { Contents, Prologue } from '../nbd/prologue.ts';
import { Branches, type Trace } from './branches.ts';

/** A machine in the middle of a boot, and all that its guest had been shown and had changed until then. */
export interface Snapshot {
  /** The state that QEMU saved. */
  readonly path: string;
  readonly prologue: Prologue;
  readonly trace: Trace;
  /** Equal for machines that can take each other's snapshots. */
  readonly machineKey: string;
  /** What the guest had said on its console. */
  readonly console: Buffer;
  /** The guest's network card was in use. */
  readonly networkUp: boolean;
  /** CPU seconds that a boot from here saves. */
  readonly cpuSeconds: number;
}

export interface SnapshotStoreOptions {
  /** The snapshots' folder, made when absent; each snapshot has 50 to 150 MiB there. */
  folder: string;
  /**
   * Where the disks of the boots to come may differ, by DiskSpec.id and 4 KiB block: a boot may be held where it first
   * reads such a block. No more than a hint: whether a snapshot fits is decided by content.
   */
  isHot: (disk: string, block: number) => boolean;
  /** Where a boot is held to save it (default: where it parts from all before it). */
  branches?: Pick<Branches, 'parts'>;
  /** Snapshots kept; the one unused for longest goes first (default 8). */
  limit?: number;
  /** CPU seconds between power-on or one snapshot and the next (default 1). */
  minCpuSeconds?: number;
  onNotice: (message: string) => void;
}

const defaultLimit = 8;
const defaultMinCpuSeconds = 1;

/** The snapshots of machines of one kind, for boots of disks that differ little. Disposing of it deletes them. */
export class SnapshotStore implements AsyncDisposable {
  readonly isHot: SnapshotStoreOptions['isHot'];
  readonly branches: Pick<Branches, 'parts'>;
  readonly minCpuSeconds: number;
  private readonly options: SnapshotStoreOptions;
  /** By machine and trace; the one used last comes last. */
  private readonly kept = new Map<string, Snapshot>();
  private readonly underWay = new Set<string>();
  private saves = 0;
  private restores = 0;

  private constructor(options: SnapshotStoreOptions) {
    this.options = options;
    this.isHot = options.isHot;
    this.branches = options.branches ?? new Branches();
    this.minCpuSeconds = options.minCpuSeconds ?? defaultMinCpuSeconds;
  }

  static async create(options: SnapshotStoreOptions): Promise<SnapshotStore> {
    await makeFolders(options.folder);
    return new SnapshotStore(options);
  }

  /** Snapshots taken, boots that began with one, and snapshots kept now. */
  get counts(): { taken: number; restored: number; kept: number } {
    return { taken: this.saves, restored: this.restores, kept: this.kept.size };
  }

  /** The snapshot that spares a boot of these disks the most: its guest saw nothing that they would show differently. */
  async fitting(machineKey: string, contents: Contents, signal: AbortSignal): Promise<Snapshot | undefined> {
    const deepestFirst = [...this.kept]
      .filter(([, snapshot]) => snapshot.machineKey === machineKey)
      .sort(([, a], [, b]) => b.cpuSeconds - a.cpuSeconds);
    for (const [key, snapshot] of deepestFirst) {
      if (!(await contents.show(snapshot.prologue, signal))) continue;
      if (this.kept.delete(key)) this.kept.set(key, snapshot);
      return snapshot;
    }
    return undefined;
  }

  /** Is a snapshot of this place there already, or being saved? */
  has(place: SnapshotPlace): boolean {
    const key = keyOf(place);
    return this.kept.has(key) || this.underWay.has(key);
  }

  /** Keeps what `save` writes to the path that it is given. Errors: those of `save`. */
  async keep(save: (path: string) => Promise<Omit<Snapshot, 'path'>>, place: SnapshotPlace): Promise<void> {
    const key = keyOf(place);
    this.underWay.add(key);
    this.saves += 1;
    const path = join(this.options.folder, `${this.saves}.snapshot`);
    try {
      this.kept.set(key, { ...(await save(path)), path });
    } catch (error) {
      this.saves -= 1;
      await rm(path, { force: true });
      throw error;
    } finally {
      this.underWay.delete(key);
    }
    const [oldest] = this.kept;
    if (this.kept.size > (this.options.limit ?? defaultLimit) && oldest !== undefined)
      await this.drop(oldest[1]);
  }

  noteRestored(): void {
    this.restores += 1;
  }

  /** Forgets a snapshot. QEMU may still be loading it: an open file outlives its name. */
  async drop(snapshot: Snapshot): Promise<void> {
    for (const [key, kept] of this.kept) if (kept === snapshot) this.kept.delete(key);
    try {
      await rm(snapshot.path, { force: true });
    } catch (error) {
      this.options.onNotice(`the snapshot ${snapshot.path} stays behind: ${messageOf(error)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kept.clear();
    await rm(this.options.folder, { recursive: true, force: true });
  }
}

/** What a snapshot is known by. */
type SnapshotPlace = Pick<Snapshot, 'machineKey' | 'trace'>;

function keyOf({ machineKey, trace }: SnapshotPlace): string {
  return `${machineKey} ${trace}`;
}
