import { setImmediate } from 'node:timers/promises';
import type { Ended } from '../model/record.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import type { Window } from '../writelog/windows.ts';
import {
  type Auditing,
  type BootOnHost,
  contradictionError,
  drawPruned,
  isSameEnd,
  sameRef,
} from './audits.ts';
import type { Booted, BootRequest, BootVerdict, ExploredBoot, KnownBoot, Stage } from './boot.ts';
import { type Chance, Chances, drawChances } from './chance.ts';
import { Coverage } from './coverage.ts';
import { type Contradiction, contradictionOf } from './determinism.ts';
import type { ExplorationParts } from './exploration-parts.ts';
import { FailedEpochs } from './failed-epochs.ts';
import { firstCandidates } from './first-candidates.ts';
import { knownOutcome } from './known-outcomes.ts';
import type { Space } from './space.ts';
import type { StateRef } from './states.ts';
import { type Works, workThrough } from './work-through.ts';

/** A boot of one of the space's states. */
type DecidingBoot<R> = ExploredBoot<R> & { ref: StateRef };

/** The exploration of one space: all of its crash states, decided by booting few of them. */
export class Exploration<R extends BootOnHost> {
  readonly space: Space;
  /** Which states are decided to come back whole, or not. */
  readonly whole: Coverage;
  /** Of which the upgrade done again is decided. */
  readonly retry: Coverage;
  readonly boots: ExploredBoot<R>[] = [];
  readonly auditing: Auditing = { asked: 0, made: 0, all: false, reseeded: 0, ended: 'interrupted' };
  readonly contradictions: Contradiction<R>[] = [];
  /** How each stage ended; `interrupted` until it has come to an end of its own. */
  readonly ended: Record<Stage, Ended> = { whole: 'interrupted', retry: 'interrupted' };
  private readonly parts: ExplorationParts<R>;
  /** By stage, step and epoch. */
  private readonly failures = new FailedEpochs();
  readonly chances: readonly Chance<R>[];
  private readonly lots: Chances<R>;
  private retries = 0;
  /** Boots that have decided states and that somebody else has made. */
  private recalled = 0;
  /** States that were drawn to be audited, as often as they were booted for that, here or by others. */
  private readonly audits: StateRef[] = [];
  private mostRetries: number;
  /** Every boot with the usual random numbers. */
  private readonly seen: ExploredBoot<R>[] = [];

  constructor(space: Space, parts: ExplorationParts<R>) {
    this.space = space;
    this.parts = parts;
    this.mostRetries = parts.retryBoots;
    this.lots = new Chances(() => !parts.auditBudget.aborted, parts.onChance);
    this.chances = this.lots.all;
    const first = this.timed(() => firstCandidates(space, parts.placeOf));
    this.whole = new Coverage(space, first, parts.part);
    this.retry = new Coverage(space, first, parts.part);
  }

  /**
   * Decides every state, audits what was decided without a boot, and does the upgrade again. Throws HarnessError
   * `audit-mismatch` as soon as two boots contradict each other, what a boot throws, and the signal's reason once that is aborted.
   */
  async explore(): Promise<void> {
    await this.decideAll();
    await this.audit();
    await this.recall('retry');
    await this.retryMore();
  }

  /**
   * Takes the known boots that decide states, in place of those that would be made. Of a state that another one has decided to the
   * same end one is taken only where states are left in the end: there may be many of them, of other workers and other days.
   */
  private async recallWhole(): Promise<void> {
    const later: KnownBoot<R>[] = [];
    for (const known of this.parts.known ?? []) {
      if (known.purpose !== 'whole') continue;
      await setImmediate(); // Hundreds take long, and wait for nothing: others have their turn.
      const by = this.boots[this.whole.decidedBy(known.ref) ?? -1];
      if (by !== undefined && isSameEnd(by.whole, known.whole)) later.push(known);
      else await this.takeKnown(known);
    }
    for (const known of later) {
      if (this.timed(() => this.whole.next()) === undefined) return;
      await this.takeKnown(known);
    }
  }

  /** Takes those that were made for something else. */
  private async recall(purpose: 'retry' | 'audit'): Promise<void> {
    for (const known of this.parts.known ?? []) {
      if (known.purpose !== purpose) continue;
      await setImmediate();
      if (purpose === 'retry' && (this.retries >= this.mostRetries || !this.isDecided(known.ref))) continue;
      await this.takeKnown(known);
    }
  }

  private async takeKnown({ ref, purpose, retry, take }: KnownBoot<R>): Promise<void> {
    const booted = take();
    if (booted === undefined) return;
    const boot = this.bootOf(ref, booted);
    if (purpose === 'whole') {
      this.recalled += 1;
      this.take('whole', boot);
    } else {
      if (retry) this.retries += 1;
      if (purpose === 'audit') this.audits.push(ref);
      this.takeAgain(boot, { retry, isAudit: purpose === 'audit' && this.isDecided(ref) });
    }
    await this.compare(boot);
  }

  /** Takes what others have booted meanwhile. */
  private async hear(): Promise<void> {
    const { others } = this.parts;
    if (others === undefined) return;
    const { boots, begun } = await others.news();
    for (const known of boots) if (known.purpose !== 'explanation') await this.takeKnown(known);
    for (const stage of ['whole', 'retry'] as const)
      this[stage].leave(begun.flatMap((one) => (one.stage === stage ? [one.ref] : [])));
  }

  private isDecided(ref: StateRef): boolean {
    return this.whole.decidedBy(ref) !== undefined;
  }

  /**
   * Takes the boots that are known, and makes others until every state is decided or given up, the budget is used up, or
   * `mayBoot` says no: asked before each, with how many were made or begun, whoever made them.
   */
  async decideAll(mayBoot: (boots: number) => boolean = () => true): Promise<void> {
    let begun = 0;
    await this.recallWhole();
    await this.bootEach(
      'whole',
      async (ref) => {
        begun += 1;
        const boot = await this.boot(ref, { retry: false, cold: false, seed: 0, audit: false });
        this.take('whole', boot);
        await this.compare(boot);
      },
      () => mayBoot(this.recalled + begun),
    );
  }

  /** How a stage ends for any state of the log: as an earlier boot says that read nothing that differs, else by booting. */
  async outcomeOf(state: CrashState, window: Window, stage: Stage): Promise<BootVerdict> {
    const contents = this.timed(() => this.space.contentsOf(state));
    const known = knownOutcome(this.boots, contents, window, stage);
    if (known !== undefined) return known;
    const request = { retry: stage === 'retry', cold: true, seed: 0, audit: false };
    return this.parts.places(async () => {
      const boot = await this.bootAny(state, window, request);
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
   * once more with other random numbers. What is known to have been booted for that, or others boot meanwhile, counts; the
   * first state, which is another one for each of several, is not a part's to boot again.
   */
  private async audit(): Promise<void> {
    const { auditing } = this;
    const { auditLeast, auditShare, auditBudget, chanceBoots, random, part } = this.parts;
    const count = Math.max(auditLeast, Math.ceil(auditShare * this.boots.length));
    const [first] = this.boots;
    const left: (() => Promise<void>)[] = [];
    if (count > 0 && first !== undefined) {
      await this.recall('audit');
      const known = this.audits.filter((ref) => !this.isBooted(ref)).length;
      const pruned = drawPruned(this, random.fork('audit'), Math.max(0, count - known));
      const twice = part === undefined && first.ref !== undefined ? this.toAuditTwice(first.ref) : [];
      auditing.asked = this.audits.length + twice.length + pruned.length;
      auditing.all = known + pruned.length < count;
      left.push(...[...twice, ...pruned].map((ref) => () => this.auditOne(ref, true)));
      left.push(
        ...drawChances(this.boots, chanceBoots).map((boot, i) => () => this.tryAnotherChance(boot, i + 1)),
      );
    }
    const isEnough = () =>
      left.length === 0 || (part !== undefined && this.audits.length >= Math.max(1, auditing.asked));
    await this.workThrough({
      before: this.parts.others && (() => this.hear()),
      next: () => (isEnough() ? undefined : left.shift()),
      others: () => false,
      goOn: () => !auditBudget.aborted,
      work: (one) => one(),
    });
    auditing.ended = isEnough() ? 'complete' : 'budget';
  }

  /** A state as often as it is to be audited besides what is known. */
  private toAuditTwice(ref: StateRef): StateRef[] {
    const known = this.audits.filter((one) => sameRef(one, ref)).length;
    return Array.from({ length: Math.max(0, 2 - known) }, () => ref);
  }

  private isBooted(ref: StateRef): boolean {
    const by = this.boots[this.whole.decidedBy(ref) ?? -1]?.ref;
    return by !== undefined && sameRef(by, ref);
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
      (ref) => this.auditOne(ref, false),
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
    const { budget, others } = this.parts;
    await this.workThrough({
      before: others && (() => this.hear()),
      next: () => this.timed(() => coverage.next()),
      others: () => coverage.busy,
      goOn: () => !budget.aborted && goOn(),
      work: async (ref) => {
        coverage.begin(ref);
        try {
          if (others !== undefined) await others.begin(ref, stage);
          await work(ref);
        } finally {
          coverage.end(ref);
        }
      },
    });
    if (coverage.next() === undefined) this.ended[stage] = 'complete';
    else this.ended[stage] = budget.aborted && goOn() ? 'budget' : 'bound';
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

  /** Boots a state, be it one of the space's or not. */
  private async bootAny(state: CrashState, window: Window, request: BootRequest): Promise<ExploredBoot<R>> {
    const contents = this.timed(() => this.space.contentsOf(state));
    const booted = await this.begin(state, window, request);
    return { ref: undefined, ...this.explored(booted, state, window, (cell) => contents[cell] ?? 0) };
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

  /** Whether an epoch has shown enough. */
  private isSpent({ ref, window }: DecidingBoot<R>, stage: Stage, result: BootVerdict): boolean {
    if (this.parts.thorough === true) return false;
    return this.failures.isSpent(`${stage} ${window.upgrade} ${this.space.placeOf(ref).epoch}`, result);
  }

  /** Boots a state that is decided, compares, and does the upgrade again as long as there is room for that. */
  private async auditOne(ref: StateRef, audit: boolean): Promise<void> {
    const retry = this.retries < this.mostRetries;
    if (retry) this.retries += 1;
    const isAudit = audit && this.isDecided(ref);
    if (audit) this.audits.push(ref);
    const boot = await this.boot(ref, { retry, cold: true, seed: 0, audit });
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
    const bootWith = async (number: number) => {
      const boot = await this.boot(ref, { retry: false, cold: true, seed: number, audit: false });
      this.parts.onBoot(boot);
      return boot;
    };
    const other = await bootWith(seed);
    this.auditing.reseeded += 1;
    if (isSameEnd(other.whole, usual.whole)) return;
    await this.compare(await bootWith(0));
    const otherAgain = await bootWith(seed);
    if (isSameEnd(otherAgain.whole, other.whole))
      this.lots.take({ stage: 'whole', usual, other: otherAgain, seed, ends: new Map() });
    else await this.weigh({ stage: 'whole', boot: otherAgain, earlier: other }, () => bootWith(seed));
  }

  /** Throws HarnessError `audit-mismatch` where a boot contradicts an earlier one, unless that is the device's chance. */
  private async compare(boot: ExploredBoot<R>): Promise<void> {
    const found = this.timed(() => contradictionOf(this.space, boot, this.seen));
    this.seen.push(boot);
    if (found === undefined) return;
    const again = { retry: found.stage === 'retry', cold: true, seed: 0, audit: false };
    await this.weigh(found, () => this.bootAny(boot.state, boot.window, again));
  }

  private async weigh(found: Contradiction<R>, again: () => Promise<ExploredBoot<R>>): Promise<void> {
    const ends = await this.lots.explain(found, again);
    if (ends === undefined) return;
    const path = await this.parts.saveMismatch(found, this.contradictions.push(found));
    throw contradictionError(found, ends, path);
  }

  private timed<T>(work: () => T): T {
    const started = performance.now();
    const value = work();
    this.parts.spend((performance.now() - started) / 1000);
    return value;
  }
}
