import type { HarnessError } from '../core/errors.ts';
import type { Limit } from '../core/limit.ts';
import type { Random } from '../core/random.ts';
import type { Ended } from '../model/record.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import type { Window } from '../writelog/windows.ts';
import {
  type Auditing,
  type Chance,
  contradictionError,
  drawChances,
  drawPruned,
  isSameEnd,
} from './audits.ts';
import type { Boot, Booted, BootRequest, BootVerdict, ExploredBoot, KnownBoot, Stage } from './boot.ts';
import { Coverage } from './coverage.ts';
import { type Contradiction, contradictionOf } from './determinism.ts';
import { firstCandidates } from './first-candidates.ts';
import { knownOutcome } from './known-outcomes.ts';
import type { Space } from './space.ts';
import type { StateRef } from './states.ts';
import { type Works, workThrough } from './work-through.ts';
import type { PlaceOf } from './write-places.ts';

/** Time to begin boots in, as long as it is not aborted; a signal will do. */
export type Budget = Pick<AbortSignal, 'aborted'>;

/** How much an exploration may do. */
export interface ExplorationBounds {
  /** Share of the deciding boots that is spent again on states that were not booted. */
  auditShare: number;
  /** Least number of such audits; where the share is 0 too, nothing is audited. */
  auditLeast: number;
  /** States that are booted once more with other random numbers. */
  chanceBoots: number;
  /** Boots after which no more upgrade is tried again; 0 where that is not asked for. */
  retryBoots: number;
  /** No epoch is given up that has failed: what is known to fail there must hide nothing else. */
  thorough?: true;
  /** Aborted when there is no time left to begin another boot: to decide more states, and to audit what is decided. */
  budget: Budget;
  auditBudget: Budget;
}

/** What an exploration is handed: it knows of devices what these tell it. `R` is what the caller notes of a boot. */
export interface ExplorationParts<R> extends ExplorationBounds {
  boot: Boot<R>;
  /** Boots that need not be made, in the order in which they were. */
  known?: readonly KnownBoot<R>[];
  /** Tells writes apart by where they went; the search begins with one state of each kind. */
  placeOf: PlaceOf;
  /** Each boot takes one of these places. */
  places: Limit;
  /** Aborted when no more boot is to begin: the user interrupts, or something else has failed. */
  signal: AbortSignal;
  /** Called at once with the first failure; it aborts `signal`, so that other boots end too. */
  stop: (reason: unknown) => void;
  random: Random;
  /** Told of the seconds that the exploration itself has computed. */
  spend: (seconds: number) => void;
  /** Told of each boot of one of the space's states as it ends. */
  onBoot: (boot: ExploredBoot<R>) => void;
  /** Told of a device that hangs on chance, with the last boot that shows it. */
  onChance: (chance: Chance<R>) => void;
  /** Writes down two boots that contradict each other, with their number from 1; returns the path. */
  saveMismatch: (found: Contradiction<R>, number: number) => Promise<string>;
}

/** A boot of one of the space's states. */
type DecidingBoot<R> = ExploredBoot<R> & { ref: StateRef };

/** Boots that an epoch which has failed gets, to show another way to fail. */
export const bootsAfterFailure = 4;

/** The exploration of one space: all of its crash states, decided by booting few of them. */
export class Exploration<R extends { id: string }> {
  readonly space: Space;
  /** Which states are decided to come back whole, or not. */
  readonly whole: Coverage;
  /** Of which the upgrade done again is decided. */
  readonly retry: Coverage;
  readonly boots: ExploredBoot<R>[] = [];
  readonly auditing: Auditing = { asked: 0, made: 0, all: false, reseeded: 0, ended: 'interrupted' };
  readonly contradictions: Contradiction<R>[] = [];
  readonly chances: Chance<R>[] = [];
  /** How each stage ended; `interrupted` until it has come to an end of its own. */
  readonly ended: Record<Stage, Ended> = { whole: 'interrupted', retry: 'interrupted' };
  private readonly parts: ExplorationParts<R>;
  /** By stage, step and epoch: the ways to fail that were seen, and the boots since the first of them. */
  private readonly failures = new Map<string, { ways: Set<string>; boots: number }>();
  private retries = 0;
  private mostRetries: number;
  /** Every boot with the usual random numbers. */
  private readonly seen: ExploredBoot<R>[] = [];

  constructor(space: Space, parts: ExplorationParts<R>) {
    this.space = space;
    this.parts = parts;
    this.mostRetries = parts.retryBoots;
    const first = this.timed(() => firstCandidates(space, parts.placeOf));
    this.whole = new Coverage(space, first);
    this.retry = new Coverage(space, first);
  }

  /**
   * Decides every state, audits what was decided without a boot, and does the upgrade again. Throws HarnessError
   * `audit-mismatch` as soon as two boots contradict each other, what a boot throws, and the signal's reason once that is aborted.
   */
  async explore(): Promise<void> {
    await this.recall('whole');
    await this.decideAll();
    await this.audit();
    await this.recall('retry');
    await this.retryMore();
  }

  /** Takes the boots of a stage that are known, in place of those that would be made to the same end. */
  private async recall(stage: Stage): Promise<void> {
    const retry = stage === 'retry';
    for (const known of this.parts.known ?? []) {
      if (known.stage !== stage) continue;
      if (retry && (this.retries >= this.mostRetries || this.whole.decidedBy(known.ref) === undefined))
        continue;
      const booted = known.take();
      if (booted === undefined) continue;
      const boot = this.bootOf(known.ref, booted);
      if (retry) {
        this.retries += 1;
        this.takeAgain(boot, { retry, isAudit: true });
      } else this.take(stage, boot);
      await this.compare(boot);
    }
  }

  /** Boots until every state is decided or given up, the budget is used up, or `maxBoots` are made. */
  async decideAll(maxBoots = Number.POSITIVE_INFINITY): Promise<void> {
    let begun = 0;
    await this.bootEach(
      'whole',
      async (ref) => {
        begun += 1;
        const boot = await this.boot(ref, { retry: false, cold: false, seed: 0 });
        this.take('whole', boot);
        await this.compare(boot);
      },
      () => begun < maxBoots,
    );
  }

  /**
   * How a stage ends for any state of the log: an earlier boot says so if it read nothing that differs, else the
   * state is booted.
   */
  async outcomeOf(state: CrashState, window: Window, stage: Stage): Promise<BootVerdict> {
    const contents = this.timed(() => this.space.contentsOf(state));
    const known = knownOutcome(this.boots, contents, window, stage);
    if (known !== undefined) return known;
    const request = { retry: stage === 'retry', cold: true, seed: 0 };
    return this.parts.places(async () => {
      const booted = await this.begin(state, window, request);
      const explored = this.explored(booted, state, window, (cell) => contents[cell] ?? 0);
      const boot = { ref: undefined, ...explored };
      this.boots.push(boot);
      await this.compare(boot);
      return boot[stage] ?? boot.whole;
    });
  }

  /** The same without a boot; undefined where no earlier one says so. */
  knownOutcome(state: CrashState, window: Window, stage: Stage): BootVerdict | undefined {
    return knownOutcome(this.boots, this.space.contentsOf(state), window, stage);
  }

  /**
   * Boots states that need no boot, and the first one again: what was decided without a boot must be so. Then some
   * once more with other random numbers.
   */
  private async audit(): Promise<void> {
    const { auditing } = this;
    const { auditLeast, auditShare, auditBudget, chanceBoots, random } = this.parts;
    const count = Math.max(auditLeast, Math.ceil(auditShare * this.boots.length));
    const [first] = this.boots;
    const again: (() => Promise<void>)[] = [];
    if (count > 0 && first !== undefined) {
      const pruned = drawPruned(this, random.fork('audit'), count);
      const refs = [...(first.ref === undefined ? [] : [first.ref, first.ref]), ...pruned];
      auditing.asked = refs.length;
      auditing.all = pruned.length < count;
      again.push(...refs.map((ref) => () => this.auditOne(ref)));
      again.push(
        ...drawChances(this.boots, chanceBoots).map((boot, i) => () => this.tryAnotherChance(boot, i + 1)),
      );
    }
    await this.workThrough({
      next: () => again.shift(),
      others: () => false,
      goOn: () => !auditBudget.aborted,
      work: (one) => one(),
    });
    auditing.ended = again.length === 0 ? 'complete' : 'budget';
  }

  /** Does the upgrade again until that is decided of every state, or the budget is used up; throws as `explore` does. */
  async retryAll(): Promise<void> {
    this.mostRetries = Number.POSITIVE_INFINITY;
    await this.retryMore();
  }

  /** Does the upgrade again after as many cuts as the bounds allow. */
  private retryMore(): Promise<void> {
    return this.bootEach(
      'retry',
      (ref) => this.auditOne(ref),
      () => this.retries < this.mostRetries,
    );
  }

  /** Boots what a stage's coverage asks for next, as long as there is budget and `goOn` says so; says how it ended. */
  private async bootEach(
    stage: Stage,
    work: (ref: StateRef) => Promise<void>,
    goOn: () => boolean,
  ): Promise<void> {
    const { [stage]: coverage } = this;
    const { budget } = this.parts;
    await this.workThrough({
      next: () => this.timed(() => coverage.next()),
      others: () => coverage.busy,
      goOn: () => !budget.aborted && goOn(),
      work: async (ref) => {
        coverage.begin(ref);
        try {
          await work(ref);
        } finally {
          coverage.end(ref);
        }
      },
    });
    if (coverage.next() === undefined) this.ended[stage] = 'complete';
    else this.ended[stage] = budget.aborted ? 'budget' : 'bound';
  }

  private workThrough<T>(works: Omit<Works<T>, 'places' | 'onFailure'>): Promise<void> {
    const { signal, places, stop } = this.parts;
    return workThrough({
      ...works,
      goOn: () => {
        signal.throwIfAborted();
        return works.goOn();
      },
      places,
      onFailure: stop,
    });
  }

  private async boot(ref: StateRef, request: BootRequest): Promise<DecidingBoot<R>> {
    return this.bootOf(ref, await this.begin(this.space.crashState(ref), this.windowOf(ref), request));
  }

  private bootOf(ref: StateRef, booted: Booted<R>): DecidingBoot<R> {
    const { space } = this;
    const contentOf = (cell: number) => space.contentIn(ref, cell);
    return { ...this.explored(booted, space.crashState(ref), this.windowOf(ref), contentOf), ref };
  }

  private windowOf(ref: StateRef): Window {
    return this.space.windows[this.space.placeOf(ref).window] as Window;
  }

  /** Boots, unless it is too late for that: a boot that has its place may have waited long for it. */
  private begin(state: CrashState, window: Window, request: BootRequest): Promise<Booted<R>> {
    this.parts.signal.throwIfAborted();
    return this.parts.boot(state, window, request);
  }

  private explored(
    { record, stages }: Booted<R>,
    state: CrashState,
    window: Window,
    contentOf: (cell: number) => number,
  ): Omit<ExploredBoot<R>, 'ref'> {
    const verdictOf = (stage: Stage): BootVerdict | undefined => {
      const end = stages.find((candidate) => candidate.stage === stage);
      if (end === undefined) return undefined;
      const read = this.timed(() => this.space.cellsRead(contentOf, end.sectorsRead));
      return { verdict: end.verdict, outcome: end.outcome, read };
    };
    const whole = verdictOf('whole');
    if (whole === undefined) throw new RangeError(`the boot of ${record.id} was not decided`);
    return { state, window, record, decides: { whole: 0, retry: 0 }, whole, retry: verdictOf('retry') };
  }

  /** Takes a boot for what it decides, and gives an epoch up that fails in a way already known. */
  private take(stage: Stage, boot: DecidingBoot<R>): void {
    const result = boot[stage];
    if (result === undefined) return;
    const { [stage]: coverage } = this;
    const number = this.boots.length;
    const fresh = this.timed(() => coverage.decide(boot.ref, number, result.read));
    const taken = { ...boot, decides: { ...boot.decides, [stage]: fresh } };
    this.boots.push(taken);
    if (this.isSpent(boot, stage, result)) coverage.skipEpoch(boot.ref);
    this.parts.onBoot(taken);
  }

  /**
   * Whether an epoch has shown enough: it fails in a way that it has failed in before, or it has failed and had some
   * more boots to show another way.
   */
  private isSpent(
    { ref, window }: DecidingBoot<R>,
    stage: Stage,
    { verdict, outcome }: BootVerdict,
  ): boolean {
    if (this.parts.thorough === true) return false;
    const key = `${stage} ${window.upgrade} ${this.space.placeOf(ref).epoch}`;
    const known = this.failures.get(key);
    if (verdict !== 'failed' && known === undefined) return false;
    const { ways, boots } = known ?? { ways: new Set<string>(), boots: 0 };
    const again = verdict === 'failed' && ways.has(outcome);
    if (verdict === 'failed') ways.add(outcome);
    this.failures.set(key, { ways, boots: boots + 1 });
    return again || boots >= bootsAfterFailure;
  }

  /** Boots a state that is decided, compares, and does the upgrade again as long as there is room for that. */
  private async auditOne(ref: StateRef): Promise<void> {
    const retry = this.retries < this.mostRetries;
    if (retry) this.retries += 1;
    const isAudit = this.whole.decidedBy(ref) !== undefined;
    const boot = await this.boot(ref, { retry, cold: true, seed: 0 });
    this.takeAgain(boot, { retry, isAudit });
    await this.compare(boot);
  }

  /** Takes a boot of a state that another one has decided, or that is to show whether the upgrade can be done again. */
  private takeAgain(boot: DecidingBoot<R>, { retry, isAudit }: { retry: boolean; isAudit: boolean }): void {
    if (boot.retry !== undefined) this.take('retry', boot);
    else {
      // A device that has not come back whole has no upgrade to do again.
      if (retry) this.retry.skipAlike(boot.ref, boot.whole.read);
      this.parts.onBoot(boot);
    }
    if (isAudit) this.auditing.made += 1;
  }

  /** Boots a state with other random numbers. What differs then, and each time again, is the device's chance. */
  private async tryAnotherChance(usual: ExploredBoot<R>, seed: number): Promise<void> {
    const { ref } = usual;
    if (ref === undefined) return;
    const bootWith = (number: number) => this.boot(ref, { retry: false, cold: true, seed: number });
    const other = await bootWith(seed);
    this.parts.onBoot(other);
    this.auditing.reseeded += 1;
    if (isSameEnd(other.whole, usual.whole)) return;
    const usualAgain = await bootWith(0);
    this.parts.onBoot(usualAgain);
    await this.compare(usualAgain);
    const otherAgain = await bootWith(seed);
    if (!isSameEnd(otherAgain.whole, other.whole)) {
      this.parts.onBoot(otherAgain);
      throw await this.alarm({ stage: 'whole', boot: otherAgain, earlier: other }, otherAgain.whole.outcome);
    }
    const chance = { usual, other: otherAgain, seed };
    this.chances.push(chance);
    this.parts.onChance(chance);
  }

  /** Throws HarnessError `audit-mismatch` where a boot contradicts an earlier one. */
  private async compare(boot: ExploredBoot<R>): Promise<void> {
    const found = this.timed(() => contradictionOf(this.space, boot, this.seen));
    this.seen.push(boot);
    if (found === undefined) return;
    const { stage } = found;
    const request = { retry: stage === 'retry', cold: true, seed: 0 };
    const { stages } = await this.begin(boot.state, boot.window, request);
    throw await this.alarm(found, (stages.find((end) => end.stage === stage) ?? stages[0])?.outcome ?? '');
  }

  private async alarm(found: Contradiction<R>, again: string): Promise<HarnessError> {
    const number = this.contradictions.push(found);
    return contradictionError(found, again, await this.parts.saveMismatch(found, number));
  }

  private timed<T>(work: () => T): T {
    const started = performance.now();
    const value = work();
    this.parts.spend((performance.now() - started) / 1000);
    return value;
  }
}
