import { allOrStop } from '../core/all-or-stop.ts';
import { CleanupStack } from '../core/cleanup.ts';
import type { Random } from '../core/random.ts';
import { secondsSince } from '../device/checklist.ts';
import type { RunContext } from '../device/run-context.ts';
import { Coverage } from '../explore/coverage.ts';
import type { Space } from '../explore/space.ts';
import type { StateRef } from '../explore/states.ts';
import type { StateKind } from '../model/scenario.ts';
import type { Trace } from '../recording/trace.ts';
import type { SnapshotStore } from '../target/snapshot-store.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import type { Window } from '../writelog/windows.ts';
import { bootState } from './boot-state.ts';
import type { Stage } from './decide.ts';
import { drawPruned } from './draw-pruned.ts';
import type { Audit, BootVerdict, ExploredBoot } from './explored.ts';
import { knownOutcome } from './known-outcomes.ts';
import { openSnapshots } from './open-snapshots.ts';
import { openSpace } from './open-space.ts';
import type { PlannedState } from './planned.ts';
import { workThrough } from './work-through.ts';

/** How much an exploration may do, and which liberties it takes. */
export interface ExploreOptions {
  kinds: readonly StateKind[];
  canonical: boolean;
  /** Share of the deciding boots that is spent again on states that were not booted. */
  auditShare: number;
  /** Least number of such audits. */
  auditLeast: number;
  /** Boots after which no more upgrade is tried again. */
  retryBoots: number;
  /** Whether boots may begin from snapshots of earlier ones; audits never do. */
  snapshots: boolean;
  /** Aborted when there is no time left to begin another boot: to decide more states, and to audit what is decided. */
  budget: AbortSignal;
  auditBudget: AbortSignal;
}

/** A boot of one of the space's states. */
type DecidingBoot = ExploredBoot & { ref: StateRef };

/** Boots that an epoch which has failed gets, to show another way to fail. */
const bootsAfterFailure = 4;

/** Told of each boot as it ends. */
export type OnBoot = (boot: ExploredBoot, exploration: Exploration) => void;

/** The exploration of one trace: all of its crash states, decided by booting few of them. */
export class Exploration implements AsyncDisposable {
  readonly trace: Trace;
  readonly space: Space;
  /** Which states are decided to come back whole, or not. */
  readonly whole: Coverage;
  /** Of which the upgrade done again is decided. */
  readonly retry: Coverage;
  readonly boots: ExploredBoot[] = [];
  readonly audits: Audit[] = [];
  private readonly context: RunContext;
  private readonly options: ExploreOptions;
  private readonly stack: CleanupStack;
  private readonly onBoot: OnBoot;
  private readonly random: Random;
  private readonly snapshots: SnapshotStore | undefined;
  /** By stage, step and epoch: the ways to fail that were seen, and the boots since the first of them. */
  private readonly failures = new Map<string, { ways: Set<string>; boots: number }>();
  private labels = 0;
  private retries = 0;

  private constructor(
    context: RunContext,
    trace: Trace,
    options: ExploreOptions,
    parts: {
      space: Space;
      whole: Coverage;
      snapshots: SnapshotStore | undefined;
      stack: CleanupStack;
      onBoot: OnBoot;
      random: Random;
    },
  ) {
    this.context = context;
    this.trace = trace;
    this.options = options;
    this.space = parts.space;
    this.stack = parts.stack;
    this.onBoot = parts.onBoot;
    this.random = parts.random;
    this.whole = parts.whole;
    this.snapshots = parts.snapshots;
    this.retry = new Coverage(parts.space);
  }

  /** Lays out the states of a trace's windows; nothing is booted yet. */
  static async open(
    context: RunContext,
    trace: Trace,
    windows: readonly Window[],
    options: ExploreOptions,
    onBoot: OnBoot,
  ): Promise<Exploration> {
    const stack = new CleanupStack();
    const random = context.random.fork(`explore ${trace.name}`);
    const started = performance.now();
    const { kinds, canonical } = options;
    const space = await openSpace(context, trace, { windows, kinds, canonical, random }, stack);
    const whole = new Coverage(space);
    context.spend('explore.cpu', secondsSince(started));
    const snapshots = options.snapshots ? await openSnapshots(context, trace, space, stack) : undefined;
    return new Exploration(context, trace, options, { space, whole, snapshots, stack, onBoot, random });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack[Symbol.asyncDispose]();
  }

  /** Boots until every state is decided or given up, the budget is used up, or `maxBoots` are made. */
  async decideAll(maxBoots = Number.POSITIVE_INFINITY): Promise<void> {
    let begun = 0;
    await this.bootEach(
      this.whole,
      async (ref) => {
        begun += 1;
        const boot = await this.boot(ref, false, this.snapshots);
        this.take(this.whole, boot, 'whole');
      },
      () => begun < maxBoots,
    );
  }

  /** Boots states that need no boot, and the first one again: what was decided without a boot must be so. */
  async audit(): Promise<void> {
    const [first] = this.boots;
    if (first === undefined) return;
    const pruned = drawPruned(
      this,
      this.random.fork('audit'),
      Math.max(this.options.auditLeast, Math.ceil(this.options.auditShare * this.boots.length)),
    );
    const again = [...(first.ref === undefined ? [] : [first.ref, first.ref]), ...pruned];
    await allOrStop(
      again.map((ref) => this.context.vm(() => this.auditOne(ref))),
      this.context.stop,
    );
  }

  /** Does the upgrade again after as many cuts as the options allow. */
  async retryMore(): Promise<void> {
    if (!this.wantsRetry) return;
    await this.bootEach(
      this.retry,
      (ref) => this.auditOne(ref),
      () => this.retries < this.options.retryBoots,
    );
  }

  /**
   * How a stage ends for any state of the trace: an earlier boot says so if it read nothing that differs, else the
   * state is booted.
   */
  async outcomeOf(state: CrashState, window: Window, stage: Stage): Promise<BootVerdict> {
    const contents = this.timed(() => this.space.contentsOf(state));
    const known = knownOutcome(this.boots, contents, window, stage);
    if (known !== undefined) return known;
    const planned = { trace: this.trace, state, window };
    const boot = await this.context.vm(() =>
      this.bootPlanned(planned, (cell) => contents[cell] ?? 0, stage === 'retry'),
    );
    this.boots.push(boot);
    return boot[stage] ?? boot.whole;
  }

  /** How often a boot left a snapshot, and how many began with one. */
  get snapshotCounts(): { taken: number; restored: number } {
    return this.snapshots?.counts ?? { taken: 0, restored: 0 };
  }

  private get wantsRetry(): boolean {
    return this.context.scenario.expect.retry === 'succeeds';
  }

  /** Boots what `coverage` asks for next, as long as there is budget and `goOn` says so. */
  private bootEach(
    coverage: Coverage,
    work: (ref: StateRef) => Promise<void>,
    goOn: () => boolean,
  ): Promise<void> {
    return workThrough({
      next: () => this.timed(() => coverage.next()),
      others: () => coverage.busy,
      goOn: () => {
        this.context.signal.throwIfAborted();
        return !this.options.budget.aborted && goOn();
      },
      places: this.context.vm,
      onFailure: this.context.stop,
      work: async (ref) => {
        coverage.begin(ref);
        try {
          await work(ref);
        } finally {
          coverage.end(ref);
        }
      },
    });
  }

  private async boot(ref: StateRef, retry: boolean, snapshots?: SnapshotStore): Promise<DecidingBoot> {
    const { space, trace } = this;
    const window = space.windows[space.placeOf(ref).window] as Window;
    const planned: PlannedState = { trace, state: space.crashState(ref), window };
    const contentOf = (cell: number) => space.contentIn(ref, cell);
    return { ...(await this.bootPlanned(planned, contentOf, retry, snapshots)), ref };
  }

  private async bootPlanned(
    planned: PlannedState,
    contentOf: (cell: number) => number,
    retry: boolean,
    snapshots?: SnapshotStore,
  ): Promise<ExploredBoot> {
    this.labels += 1;
    const label = `${this.trace.name}-${this.labels}`;
    const { record, stages } = await bootState(this.context, planned, { label, retry, snapshots });
    const verdictOf = (stage: Stage): BootVerdict | undefined => {
      const end = stages.find((candidate) => candidate.stage === stage);
      if (end === undefined) return undefined;
      const read = this.timed(() => this.space.cellsRead(contentOf, end.sectorsRead));
      return { verdict: end.verdict, outcome: end.outcome, read };
    };
    return {
      ref: undefined,
      planned,
      record,
      whole: verdictOf('whole') as BootVerdict,
      retry: verdictOf('retry'),
    };
  }

  /** Takes a boot for what it decides, and gives an epoch up that fails in a way already known. */
  private take(coverage: Coverage, boot: DecidingBoot, stage: Stage): void {
    const result = boot[stage];
    if (result === undefined) return;
    const number = this.boots.length;
    this.boots.push(boot);
    const decides = this.timed(() => coverage.decide(boot.ref, number, result.read));
    boot.record.decides = stage === 'whole' ? decides : 0;
    if (this.isSpent(boot, stage, result)) coverage.skipEpoch(boot.ref);
    this.onBoot(boot, this);
  }

  /**
   * Whether an epoch has shown enough: it fails in a way that it has failed in before, or it has failed and had some
   * more boots to show another way.
   */
  private isSpent({ ref, planned }: DecidingBoot, stage: Stage, { verdict, outcome }: BootVerdict): boolean {
    const key = `${stage} ${planned.window.step} ${this.space.placeOf(ref).epoch}`;
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
    if (this.options.auditBudget.aborted) return;
    const retry = this.wantsRetry && this.retries < this.options.retryBoots;
    if (retry) this.retries += 1;
    const decided = this.whole.decidedBy(ref);
    const boot = await this.boot(ref, retry);
    boot.record.decides = 0;
    if (boot.retry !== undefined) this.take(this.retry, boot, 'retry');
    else this.onBoot(boot, this);
    const decidedBy = decided === undefined ? undefined : this.boots[decided];
    if (decidedBy === undefined) return;
    const { whole } = decidedBy;
    const agrees = whole.verdict === boot.whole.verdict && whole.outcome === boot.whole.outcome;
    this.audits.push({ ref, boot, decidedBy, agrees });
  }

  private timed<T>(work: () => T): T {
    const started = performance.now();
    const value = work();
    this.context.spend('explore.cpu', secondsSince(started));
    return value;
  }
}
