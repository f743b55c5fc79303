import { setImmediate } from 'node:timers/promises';
import type { Ended } from '../model/record.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import type { Window } from '../writelog/windows.ts';
import { AuditPlan } from './audit-plan.ts';
import { type Auditing, type BootOnHost, isSameEnd, sameRef } from './audits.ts';
import type { BootVerdict, ExploredBoot, KnownBoot, Stage } from './boot.ts';
import { Booting, type DecidingBoot } from './booting.ts';
import { type Begun, Choosing, type Chosen, type Waiting } from './choosing.ts';
import { Comparing } from './comparing.ts';
import { Coverage } from './coverage.ts';
import type { ExplorationParts } from './exploration-parts.ts';
import { FailedEpochs } from './failed-epochs.ts';
import { firstCandidates } from './first-candidates.ts';
import { knownOutcome } from './known-outcomes.ts';
import type { Space } from './space.ts';
import type { StateRef } from './states.ts';
import { type Works, workThrough } from './work-through.ts';

/** The exploration of one space: all of its crash states, decided by booting few of them. */
export class Exploration<R extends BootOnHost> {
  readonly space: Space;
  /** Which states are decided to come back whole, or not. */
  readonly whole: Coverage;
  /** Of which the upgrade done again is decided. */
  readonly retry: Coverage;
  readonly boots: ExploredBoot<R>[] = [];
  readonly auditing: Auditing = { asked: 0, made: 0, all: false, reseeded: 0, ended: 'interrupted' };
  /** How each stage ended; `interrupted` until it has come to an end of its own. */
  readonly ended: Record<Stage, Ended> = { whole: 'interrupted', retry: 'interrupted' };
  private readonly parts: ExplorationParts<R>;
  /** By stage, step and epoch. */
  private readonly failures = new FailedEpochs();
  private readonly comparing: Comparing<R>;
  private readonly booting: Booting<R>;
  private readonly choosing: Choosing<R>;
  private retries = 0;
  /** Boots that have decided states and that somebody else has made. */
  private recalled = 0;
  /** States that were drawn to be audited, as often as they were booted for that, here or by others. */
  private readonly audits: StateRef[] = [];
  /** Those of others that nobody had decided here when they were heard of. */
  private readonly earlyAudits: StateRef[] = [];
  private mostRetries: number;
  /** States that others have booted with other random numbers, by these. */
  private readonly reseeded = new Map<number, StateRef>();

  constructor(space: Space, parts: ExplorationParts<R>) {
    this.space = space;
    this.parts = parts;
    this.mostRetries = parts.retryBoots;
    this.comparing = new Comparing(space, parts);
    this.booting = new Booting(space, parts);
    this.choosing = new Choosing(parts.others);
    const first = this.booting.timed(() => firstCandidates(space, parts.placeOf));
    this.whole = new Coverage(space, first, parts.part);
    this.retry = new Coverage(space, first, parts.part);
  }

  get contradictions(): Comparing<R>['contradictions'] {
    return this.comparing.contradictions;
  }

  get chances(): Comparing<R>['chances'] {
    return this.comparing.chances;
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
      if (this.booting.timed(() => this.whole.next()) === undefined) return;
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

  private async takeKnown(known: KnownBoot<R>): Promise<void> {
    const boot = this.taken(known);
    if (boot !== undefined) await this.compare(boot);
  }

  /** Takes a boot for what it tells; undefined where that was done before. */
  private taken({ ref, purpose, retry, seed, take }: KnownBoot<R>): DecidingBoot<R> | undefined {
    if (seed > 0) this.reseeded.set(seed, ref);
    // Taken when it is asked for.
    if (purpose === 'explanation' || seed > 0) return undefined;
    const booted = take();
    if (booted === undefined) return undefined;
    const boot = this.booting.bootOf(ref, booted);
    if (purpose === 'whole') {
      this.recalled += 1;
      this.take('whole', boot);
    } else {
      if (retry) this.retries += 1;
      const isAudit = purpose === 'audit' && this.isDecided(ref);
      if (purpose === 'audit') this.audits.push(ref);
      if (purpose === 'audit' && !isAudit) this.earlyAudits.push(ref);
      this.takeAgain(boot, { retry, isAudit });
    }
    return boot;
  }

  /** Chooses what to boot next, after what others have told. */
  private choose(pick: () => Chosen | Waiting | undefined): Promise<Begun | undefined> {
    const heard: DecidingBoot<R>[] = [];
    const hear = (boots: readonly KnownBoot<R>[]) => {
      for (const known of boots) heard.push(...[this.taken(known)].filter((boot) => boot !== undefined));
      for (const stage of ['whole', 'retry'] as const)
        this[stage].leave(this.choosing.elsewhereOf(stage).map(({ ref }) => ref));
    };
    return this.choosing.choose(pick, hear, async () => {
      for (const boot of heard) await this.compare(boot);
    });
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
    const request = { retry: false, cold: false, seed: 0, audit: false };
    await this.bootEach(
      'whole',
      (ref) => {
        begun += 1;
        const work = async () => {
          const boot = await this.booting.boot(ref, request);
          this.take('whole', boot);
          await this.compare(boot);
        };
        return { ref, request, isTold: true, work };
      },
      (elsewhere) => mayBoot(this.recalled + begun + elsewhere),
    );
  }

  /** How a stage ends for any state of the log: as an earlier boot says that read nothing that differs, else by booting. */
  async outcomeOf(state: CrashState, window: Window, stage: Stage): Promise<BootVerdict> {
    const contents = this.booting.timed(() => this.space.contentsOf(state));
    const known = knownOutcome(this.boots, contents, window, stage);
    if (known !== undefined) return known;
    const request = { retry: stage === 'retry', cold: true, seed: 0, audit: false };
    return this.parts.places(async () => {
      const boot = await this.booting.bootAny(state, window, request);
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
    if (count === 0 || this.boots[0] === undefined) {
      auditing.ended = 'complete';
      return;
    }
    await this.recall('audit');
    for (const { ref, seed } of this.parts.known ?? []) if (seed > 0) this.reseeded.set(seed, ref);
    auditing.made += this.earlyAudits.splice(0).filter((ref) => this.isDecided(ref)).length;
    const bounds = { count, isTwice: part === undefined, chanceBoots, random: random.fork('audit') };
    const plan = new AuditPlan(this, bounds, this.audits);
    auditing.asked = plan.asked;
    auditing.all = plan.all;
    await this.workThrough({
      next: () => this.choose(() => this.nextAudit(plan)),
      others: () => this.choosing.waits,
      pause: this.choosing.pause,
      goOn: () => !auditBudget.aborted,
    });
    auditing.all = plan.all;
    auditing.ended = plan.isEnough(this.audits) ? 'complete' : 'budget';
  }

  private nextAudit(plan: AuditPlan<R>): Chosen | Waiting | undefined {
    const due = plan.next(this.audits, this.choosing.elsewhere);
    if (due === undefined) return plan.isEnough(this.audits) ? undefined : 'elsewhere';
    if ('ref' in due) return this.again(due.ref, true);
    const { usual, seed } = due;
    const known =
      this.reseeded.get(seed) ?? this.choosing.elsewhere.find((begun) => begun.seed === seed)?.ref;
    const boot = this.boots.find(
      ({ ref }) => known !== undefined && ref !== undefined && sameRef(ref, known),
    );
    return this.anotherChance(boot ?? usual, seed);
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
      (ref) => this.again(ref, false),
      (elsewhere) => this.retries + elsewhere < this.mostRetries,
    );
  }

  /**
   * Boots what a stage's coverage asks for next, as long as there is budget and `goOn` says so, of as many boots of the stage as
   * others are making; says how it ended.
   */
  private async bootEach(
    stage: Stage,
    chosen: (ref: StateRef) => Chosen,
    goOn: (elsewhere: number) => boolean,
  ): Promise<void> {
    const { [stage]: coverage } = this;
    const { budget } = this.parts;
    const pick = (): Chosen | Waiting | undefined => {
      const elsewhere = this.choosing.elsewhereOf(stage).length;
      if (!goOn(elsewhere)) return elsewhere > 0 ? 'elsewhere' : undefined;
      const ref = this.booting.timed(() => coverage.next());
      if (ref === undefined) return coverage.hasLeft ? 'elsewhere' : undefined;
      coverage.begin(ref);
      const { work, ...rest } = chosen(ref);
      return { ...rest, work: () => work().finally(() => coverage.end(ref)) };
    };
    await this.workThrough({
      next: () => this.choose(pick),
      others: () => coverage.busy || this.choosing.waits,
      pause: this.choosing.pause,
      goOn: () => !budget.aborted && goOn(0),
    });
    coverage.leave([]);
    if (coverage.next() === undefined && !coverage.hasLeft) this.ended[stage] = 'complete';
    else this.ended[stage] = budget.aborted && goOn(0) ? 'budget' : 'bound';
  }

  private workThrough(works: Pick<Works<Begun>, 'next' | 'others' | 'pause' | 'goOn'>): Promise<void> {
    const { signal, places, stop } = this.parts;
    return workThrough({
      ...works,
      goOn: () => {
        signal.throwIfAborted();
        return works.goOn();
      },
      work: ({ work, over }) => work().finally(over),
      places,
      onFailure: stop,
    });
  }

  /** Takes a boot for what it decides, and gives an epoch up that fails in a way already known. */
  private take(stage: Stage, boot: DecidingBoot<R>): void {
    const result = boot[stage];
    if (result === undefined) return;
    const { [stage]: coverage } = this;
    const number = this.boots.length;
    const fresh = this.booting.timed(() => coverage.decide(boot.ref, number, result.read));
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

  /** A state to be booted again, where the upgrade is done again as long as there is room for that; `audit`: to hold it to account. */
  private again(ref: StateRef, audit: boolean): Chosen {
    const retry = this.retries + this.choosing.elsewhereOf('retry').length < this.mostRetries;
    if (retry) this.retries += 1;
    const isAudit = audit && this.isDecided(ref);
    if (audit) this.audits.push(ref);
    const request = { retry, cold: true, seed: 0, audit };
    const work = async () => {
      const boot = await this.booting.boot(ref, request);
      this.takeAgain(boot, { retry, isAudit });
      await this.compare(boot);
    };
    return { ref, request, isTold: true, work };
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

  /** A boot that is to be made once more, with other random numbers. */
  private anotherChance(usual: ExploredBoot<R>, seed: number): Chosen | undefined {
    const { ref } = usual;
    if (ref === undefined) return undefined;
    const requestOf = (number: number) => ({ retry: false, cold: true, seed: number, audit: false });
    const bootWith = async (number: number) => {
      const boot = await this.booting.boot(ref, requestOf(number));
      this.parts.onBoot(boot);
      return boot;
    };
    const onTried = () => {
      this.auditing.reseeded += 1;
    };
    const work = () =>
      this.comparing.tryAnother(usual, seed, { bootWith, onTried }, (boot) => this.compare(boot));
    return { ref, request: requestOf(seed), isTold: false, work };
  }

  /** Throws HarnessError `audit-mismatch` where a boot contradicts an earlier one, unless that is the device's chance. */
  private compare(boot: ExploredBoot<R>): Promise<void> {
    return this.comparing.compare(boot, (stage) => {
      const request = { retry: stage === 'retry', cold: true, seed: 0, audit: false };
      return () => this.booting.bootAny(boot.state, boot.window, request);
    });
  }
}
