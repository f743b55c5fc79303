import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { isProcessGone, processTag } from '../core/process-tag.ts';
import type { Asked, Begun, LedgerWord } from './ledger-word.ts';

/** After so many milliseconds without a sign of life a worker is taken for dead. */
export const usualLeaseMs = 60_000;

/** Signs of life in the time after which a worker is taken for dead. */
const signsInLease = 6;

/** A boot that is about to be made, before it has a number. */
export type ToBegin = Omit<Begun, 'number' | 'by'>;

/**
 * Boots that the workers of a ledger are making. Whoever makes one touches his file from time to time. What one has begun counts as
 * long as that file is seen to change, and his process is not known to be gone; no clocks of two hosts are compared.
 */
export class BootsUnderWay {
  private readonly path: string;
  private readonly folder: string;
  private readonly leaseMs: number;
  /** Of others, by file and number. */
  private readonly begun = new Map<string, Map<number, Begun>>();
  private readonly signs = new Map<string, { mtimeMs: number; seen: number }>();
  private alive: Begun[] = [];
  private readonly own = new Map<number, ToBegin>();
  private next = 0;
  private beat: NodeJS.Timeout | undefined;

  /** `path`: this worker's file, in a folder with those of others. */
  constructor(folder: string, name: string, leaseMs: number) {
    this.folder = folder;
    this.path = join(folder, name);
    this.leaseMs = leaseMs;
  }

  /** Takes up a word of another's file. */
  note(file: string, { begun, over }: Pick<LedgerWord, 'begun' | 'over'>): void {
    const open = this.begun.get(file) ?? new Map<number, Begun>();
    this.begun.set(file, open);
    if (begun !== undefined) open.set(begun.number, begun);
    if (over !== undefined) open.delete(over);
  }

  /** Looks who shows signs of life. */
  async look(): Promise<void> {
    const alive: Begun[] = [];
    for (const [file, open] of this.begun) {
      if (open.size === 0) continue;
      const found = await stat(join(this.folder, file)).catch(() => undefined);
      if (found === undefined) continue;
      const { mtimeMs } = found;
      const before = this.signs.get(file);
      const sign = before?.mtimeMs === mtimeMs ? before : { mtimeMs, seen: performance.now() };
      this.signs.set(file, sign);
      if (performance.now() - sign.seen > this.leaseMs) continue;
      alive.push(...[...open.values()].filter(({ by }) => !isProcessGone(by, Date.now())));
    }
    this.alive = alive;
  }

  /** What others were making when this last looked. */
  get elsewhere(): readonly Begun[] {
    return this.alive;
  }

  /** Notes a boot of this worker, and shows that it is alive until `end`. */
  begin(boot: ToBegin): Begun {
    const number = this.next;
    this.next += 1;
    this.own.set(number, boot);
    this.beat ??= setInterval(() => void this.show(), this.leaseMs / signsInLease).unref();
    return { ...boot, number, by: processTag() };
  }

  end(number: number): void {
    this.own.delete(number);
    if (this.own.size > 0) return;
    clearInterval(this.beat);
    this.beat = undefined;
  }

  /** Whether this worker is making such a boot. */
  isOwn(asked: Asked): boolean {
    return [...this.own.values()].some((boot) => isSameBoot(boot, asked));
  }

  private async show(): Promise<void> {
    const now = new Date();
    await utimes(this.path, now, now).catch(() => undefined);
  }
}

/** Whether both name the boot of one state, made in one way. */
export function isSameBoot(one: Asked, other: Asked): boolean {
  return (
    one.sha256 === other.sha256 &&
    one.state === other.state &&
    one.retry === other.retry &&
    one.seed === other.seed
  );
}
