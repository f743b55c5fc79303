import type { CleanupStack } from '../core/cleanup.ts';
import { reportFailures } from '../crash/failures.ts';
import { openExploration, type TraceExploration } from '../crash/open-exploration.ts';
import type { RunProgress } from '../crash/power-cuts.ts';
import { usualLimits } from '../crash/usual-limits.ts';
import type { RunContext } from '../device/run-context.ts';
import type { ExploredBoot, Stage } from '../explore/boot.ts';
import { exploreSoundly } from '../explore/raw-again.ts';
import type { CutRecord, Finding } from '../model/record.ts';
import type { CaseBudget } from './case-budget.ts';
import type { CutPart } from './conformance-case.ts';
import type { PowerTraces, RecordedPart } from './power-traces.ts';

/** A part of an upgrade whose crash states are being decided. */
export interface ExploredPart {
  recorded: RecordedPart;
  opened: TraceExploration;
  /** Whether it was explored again, sector by sector. */
  rawAgain: boolean;
}

/** What power cases share: each part is laid out once, and boots of one case serve the next. */
export class Explorations {
  /** What failures are reported to. */
  readonly progress: Pick<RunProgress, 'findings' | 'explorations' | 'reported' | 'laterCuts'> = {
    ...{ findings: [], explorations: [], reported: new Set(), laterCuts: [] },
  };
  private boots = 0;
  private readonly parts = new Map<
    CutPart,
    Promise<ExploredPart | { unsound: string } | { absent: string }>
  >();
  private readonly whole = new Map<CutPart, Promise<Finding[]>>();
  private readonly traces: PowerTraces;
  private readonly budget: CaseBudget;
  private readonly stack: CleanupStack;

  /** `stack` keeps explorations open until no case needs them. */
  constructor(traces: PowerTraces, budget: CaseBudget, stack: CleanupStack) {
    this.traces = traces;
    this.budget = budget;
    this.stack = stack;
  }

  /** How explorations go on: as long as the case under way has time. */
  get limits() {
    const { deciding: budget, auditing: auditBudget } = this.budget;
    const kinds = ['prefix', 'lost', 'torn', 'subset'] as const;
    return { ...usualLimits, retryBoots: 0, kinds, budget, auditBudget };
  }

  /** A part with its states laid out, of which nothing need be decided yet; or why there is none. */
  part(part: CutPart): Promise<ExploredPart | { unsound: string } | { absent: string }> {
    const known = this.parts.get(part);
    if (known !== undefined) return known;
    const opening = this.open(part);
    this.parts.set(part, opening);
    return opening;
  }

  /**
   * Decides whether devices come back whole of a part's states, as far as the budget of the first case goes that asks.
   * Returns how they fail.
   */
  decideWhole(explored: ExploredPart): Promise<Finding[]> {
    const { part } = explored.recorded;
    const known = this.whole.get(part);
    if (known !== undefined) return known;
    const deciding = this.explore(explored).then(() => this.findingsOf(explored, 'whole'));
    this.whole.set(part, deciding);
    return deciding;
  }

  /** The same of whether the upgrade can be done again. */
  async decideRetry(explored: ExploredPart): Promise<Finding[]> {
    await explored.opened.exploration.retryAll();
    return this.findingsOf(explored, 'retry');
  }

  /** What is found while something is explored. */
  async findingsDuring(work: () => Promise<unknown>): Promise<Finding[]> {
    const { findings } = this.progress;
    const known = findings.length;
    await work();
    return findings.slice(known);
  }

  private findingsOf({ recorded, opened }: ExploredPart, stage: Stage): Promise<Finding[]> {
    return this.findingsDuring(() =>
      reportFailures(recorded.context, opened, this.progress, { stages: [stage] }),
    );
  }

  /** Notes a boot where everybody can see it; `mustFail`: of a device that is to come back in part. */
  readonly onBoot =
    (context: RunContext, { mustFail = false } = {}) =>
    (boot: ExploredBoot<CutRecord>) => {
      this.boots += 1;
      context.emit({
        ...{ type: 'cut', run: context.runId, done: this.boots, total: 0, cut: boot.record },
        ...(mustFail ? { mustFail } : {}),
      });
    };

  private async open(part: CutPart): Promise<ExploredPart | { unsound: string } | { absent: string }> {
    const recorded = await this.traces.part(part);
    if (!('trace' in recorded)) return recorded;
    return { recorded, opened: await this.openOne(recorded, true), rawAgain: false };
  }

  private async explore(explored: ExploredPart): Promise<void> {
    const { recorded } = explored;
    explored.opened = await exploreSoundly(explored.opened, async () => {
      recorded.context.notice(
        `${recorded.part}: an audit came to another end; explored again, sector by sector`,
      );
      explored.rawAgain = true;
      return this.openOne(recorded, false);
    });
  }

  private async openOne(
    { part, context, trace, windows }: RecordedPart,
    canonical: boolean,
  ): Promise<TraceExploration> {
    const label = `${trace.name}-${part.replace(' ', '-')}${canonical ? '' : '-raw'}`;
    const options = { ...this.limits, canonical, label };
    const opened = await openExploration(context, trace, windows, options, this.onBoot(context));
    return this.stack.use(`exploration of ${part}`, opened);
  }
}
