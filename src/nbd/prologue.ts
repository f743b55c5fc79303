import { sha256 } from '../core/digest.ts';
import { sectorBytes } from '../writelog/log.ts';
import type { Disk } from './disk.ts';

/** Neighbouring sectors of one disk that a guest looked at before it wrote them, and what they held. */
export interface ReadRun {
  disk: string;
  /** Bytes, whole sectors. */
  offset: number;
  length: number;
  /** SHA-256 of the content. */
  digest: string;
}

/** One request of a guest that changed a disk. */
export type Change =
  | { kind: 'write'; disk: string; offset: number; data: Buffer; fua: boolean }
  | { kind: 'zero' | 'trim'; disk: string; offset: number; length: number; fua: boolean };

/**
 * Everything that passed between a guest and its disks since power-on: what it was shown, in the order in which it
 * first asked (no sector twice), and what it changed. On disks that would show it the same, the same guest would be
 * in the same state: that is when a snapshot may be restored.
 */
export interface Prologue {
  reads: readonly ReadRun[];
  changes: readonly Change[];
}

/** Bytes of changes that are remembered; a guest that wrote more is beyond its boot loader. */
const maxChangedBytes = 16 << 20;
const maxChanges = 65_536;

/** Notes the prologue of a guest, from power-on or from where an earlier one ended. */
export class PrologueRecorder {
  private readonly reads: ReadRun[];
  private readonly changes: Change[];
  /** Per disk, one byte a sector: 1 once the sector was read or written. */
  private readonly touched = new Map<string, Uint8Array>();
  private changedBytes = 0;
  private isSpoiled = false;

  constructor(disks: Iterable<readonly [string, Pick<Disk, 'bytes'>]>, start?: Prologue) {
    for (const [id, { bytes }] of disks) this.touched.set(id, new Uint8Array(bytes / sectorBytes));
    this.reads = [...(start?.reads ?? [])];
    this.changes = [...(start?.changes ?? [])];
    for (const { disk, offset, length } of this.reads) this.touch(disk, offset, length);
    for (const change of this.changes) {
      const length = lengthOf(change);
      this.touch(change.disk, change.offset, length);
      this.changedBytes += length;
    }
  }

  /** True once there is no complete account: a request failed or was for part of a sector, or there were too many. */
  get spoiled(): boolean {
    return this.isSpoiled;
  }

  /** What passed so far. Undefined once spoiled. */
  get prologue(): Prologue | undefined {
    return this.isSpoiled ? undefined : { reads: [...this.reads], changes: [...this.changes] };
  }

  /** The parts of a range that were neither read nor written before. */
  fresh(disk: string, offset: number, length: number): { offset: number; length: number }[] {
    const touched = this.touched.get(disk);
    const end = Math.ceil((offset + length) / sectorBytes);
    const runs: { offset: number; length: number }[] = [];
    for (let at = Math.floor(offset / sectorBytes); at < end; at += 1) {
      if (touched?.[at] !== 0) continue;
      const first = at;
      while (at < end && touched[at] === 0) at += 1;
      runs.push({ offset: first * sectorBytes, length: (at - first) * sectorBytes });
    }
    return runs;
  }

  /** Passes a read on and notes what it showed that was not known before. */
  async read(disk: string, next: Disk, offset: number, length: number): Promise<Buffer> {
    if (offset % sectorBytes !== 0 || length % sectorBytes !== 0) this.spoil();
    const fresh = this.isSpoiled ? [] : this.fresh(disk, offset, length);
    if (fresh.length === 0) return next.read(offset, length);
    this.touch(disk, offset, length);
    const data = await this.orSpoil(next.read(offset, length));
    if (this.isSpoiled) return data;
    for (const run of fresh) {
      const from = run.offset - offset;
      this.reads.push({ disk, ...run, digest: sha256(data.subarray(from, from + run.length)) });
    }
    return data;
  }

  /** Notes a change and passes it on. */
  change(change: Change, next: Disk): Promise<void> {
    this.note(change);
    return this.orSpoil(apply(change, next));
  }

  /** Gives up: no complete account is to be had, or none is wanted any more. */
  spoil(): void {
    this.isSpoiled = true;
    this.reads.length = 0;
    this.changes.length = 0;
  }

  private note(change: Change): void {
    if (this.isSpoiled) return;
    const length = lengthOf(change);
    const isWhole = change.offset % sectorBytes === 0 && length % sectorBytes === 0;
    if (change.kind === 'write') this.changedBytes += length;
    if (!isWhole || this.changedBytes > maxChangedBytes || this.changes.length === maxChanges) {
      this.spoil();
      return;
    }
    this.touch(change.disk, change.offset, length);
    // The disk owns the memory that it is given.
    this.changes.push(change.kind === 'write' ? { ...change, data: Buffer.from(change.data) } : change);
  }

  private async orSpoil<T>(request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      this.spoil();
      throw error;
    }
  }

  private touch(disk: string, offset: number, length: number): void {
    const end = Math.ceil((offset + length) / sectorBytes);
    this.touched.get(disk)?.fill(1, Math.floor(offset / sectorBytes), end);
  }
}

/** Digests of ranges of the disks of one boot, so that several prologues can be held against the same disks. */
export class Contents {
  private readonly disks: ReadonlyMap<string, Disk>;
  private readonly digests = new Map<string, string>();

  constructor(disks: ReadonlyMap<string, Disk>) {
    this.disks = disks;
  }

  /**
   * Would these disks show a guest just what the prologue's guest saw? Asks the disks in the guest's order and stops
   * at the first difference, so that a layer that notes reads notes none that a boot would not make.
   */
  async show(prologue: Prologue, signal?: AbortSignal): Promise<boolean> {
    for (const { disk, offset, length, digest } of prologue.reads) {
      signal?.throwIfAborted();
      if ((await this.digest(disk, offset, length)) !== digest) return false;
    }
    return true;
  }

  private async digest(id: string, offset: number, length: number): Promise<string | undefined> {
    const key = `${id}:${offset}:${length}`;
    const known = this.digests.get(key);
    if (known !== undefined) return known;
    const disk = this.disks.get(id);
    if (disk === undefined || offset + length > disk.bytes) return undefined;
    const digest = sha256(await disk.read(offset, length));
    this.digests.set(key, digest);
    return digest;
  }
}

/** Makes the changes of a prologue again, in their order. Rejects with the disk's error. */
export async function makeChanges(prologue: Prologue, disks: ReadonlyMap<string, Disk>): Promise<void> {
  for (const change of prologue.changes) {
    const disk = disks.get(change.disk);
    if (disk === undefined) throw new RangeError(`there is no disk ${change.disk}`);
    await apply(change.kind === 'write' ? { ...change, data: Buffer.from(change.data) } : change, disk);
  }
}

function apply(change: Change, disk: Disk): Promise<void> {
  const { offset, fua } = change;
  if (change.kind === 'write') return disk.write(offset, change.data, fua);
  return change.kind === 'zero'
    ? disk.zero(offset, change.length, fua)
    : disk.trim(offset, change.length, fua);
}

function lengthOf(change: Change): number {
  return change.kind === 'write' ? change.data.length : change.length;
}
