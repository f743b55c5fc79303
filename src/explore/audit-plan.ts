import type { Random } from '../core/random.ts';
import { drawPruned, sameRef } from './audits.ts';
import type { BootUnderWay, ExploredBoot } from './boot.ts';
import { drawChances } from './chance.ts';
import type { Coverage } from './coverage.ts';
import type { Space } from './space.ts';
import type { StateRef } from './states.ts';

/** One that is due: a state to be audited, or a boot to be made once more with other random numbers. */
export type DueAudit<R> = { ref: StateRef } | { usual: ExploredBoot<R>; seed: number };

/** What an exploration has decided. */
interface Decided<R> {
  space: Space;
  whole: Coverage;
  boots: readonly ExploredBoot<R>[];
}

/** Which boots hold to account what was decided, of those that several may make together. */
export class AuditPlan<R> {
  private readonly decided: Decided<R>;
  /** How many states are to be booted that a boot of another one has decided, and whether one that was booted, too. */
  private readonly count: number;
  private readonly isTwice: boolean;
  private readonly random: Random;
  private readonly drawn: StateRef[];
  private readonly chances: { usual: ExploredBoot<R>; seed: number }[];
  /** Audits that there were to be when this was planned, with those that `made` has. */
  readonly asked: number;
  /** Whether no more states are decided by a boot of another one. */
  all: boolean;

  /** `made`: the states that were audited until now, as often as they were. */
  constructor(
    decided: Decided<R>,
    {
      count,
      isTwice,
      chanceBoots,
      random,
    }: { count: number; isTwice: boolean; chanceBoots: number; random: Random },
    made: readonly StateRef[],
  ) {
    this.decided = decided;
    this.count = count;
    this.isTwice = isTwice;
    this.random = random;
    const due = this.due(made);
    this.drawn = drawPruned(decided, random, due, made);
    this.all = this.drawn.length < due;
    this.asked = made.length + this.dueTwice(made) + this.drawn.length;
    this.chances = drawChances(decided.boots, chanceBoots).map((usual, i) => ({ usual, seed: i + 1 }));
  }

  /** The next audit, where those that were made and those that others make are not enough. */
  next(made: readonly StateRef[], elsewhere: readonly BootUnderWay[]): DueAudit<R> | undefined {
    const known = [...made, ...elsewhere.filter(({ audit }) => audit).map(({ ref }) => ref)];
    const twice = this.dueTwice(known) > 0 ? this.twice(known) : undefined;
    if (twice !== undefined) return { ref: twice };
    if (this.due(known) > 0) {
      const ref = this.draw(known);
      if (ref !== undefined) return { ref };
    }
    return this.chances.shift();
  }

  /** Whether those that were made are enough. */
  isEnough(made: readonly StateRef[]): boolean {
    return (this.all || this.due(made) === 0) && this.dueTwice(made) === 0 && this.chances.length === 0;
  }

  private draw(known: readonly StateRef[]): StateRef | undefined {
    for (let ref = this.drawn.shift(); ref !== undefined; ref = this.drawn.shift())
      if (!isIn(known, ref)) return ref;
    if (this.all) return undefined;
    this.drawn.push(...drawPruned(this.decided, this.random, this.due(known), known));
    this.all = this.drawn.length === 0;
    return this.drawn.shift();
  }

  private due(made: readonly StateRef[]): number {
    return Math.max(0, this.count - made.filter((ref) => !this.isBooted(ref)).length);
  }

  private dueTwice(made: readonly StateRef[]): number {
    const ref = this.twice(made);
    return this.isTwice && ref !== undefined
      ? Math.max(0, 2 - made.filter((one) => sameRef(one, ref)).length)
      : 0;
  }

  /** The booted state that is booted twice more: one that somebody has begun with, else the first. */
  private twice(made: readonly StateRef[]): StateRef | undefined {
    return made.find((ref) => this.isBooted(ref)) ?? this.decided.boots[0]?.ref;
  }

  private isBooted(ref: StateRef): boolean {
    const { boots, whole } = this.decided;
    const by = boots[whole.decidedBy(ref) ?? -1]?.ref;
    return by !== undefined && sameRef(by, ref);
  }
}

function isIn(refs: readonly StateRef[], wanted: StateRef): boolean {
  return refs.some((ref) => sameRef(ref, wanted));
}
