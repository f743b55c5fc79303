import { type BootOnHost, contradictionError, isSameEnd } from './audits.ts';
import type { ExploredBoot } from './boot.ts';
import { type Chance, Chances } from './chance.ts';
import { type Contradiction, contradictionOf } from './determinism.ts';
import type { ExplorationParts } from './exploration-parts.ts';
import type { Space } from './space.ts';

/** Boots a state once more. */
type Again<R> = () => Promise<ExploredBoot<R>>;

/** Holds every boot with the usual random numbers against all before it. */
export class Comparing<R extends BootOnHost> {
  readonly contradictions: Contradiction<R>[] = [];
  readonly chances: readonly Chance<R>[];
  private readonly space: Space;
  private readonly parts: Pick<ExplorationParts<R>, 'saveMismatch' | 'spend'>;
  private readonly lots: Chances<R>;
  private readonly seen: ExploredBoot<R>[] = [];

  constructor(
    space: Space,
    parts: Pick<ExplorationParts<R>, 'saveMismatch' | 'spend' | 'auditBudget' | 'onChance'>,
  ) {
    this.space = space;
    this.parts = parts;
    this.lots = new Chances(() => !parts.auditBudget.aborted, parts.onChance);
    this.chances = this.lots.all;
  }

  /**
   * Throws HarnessError `audit-mismatch` where a boot contradicts an earlier one, unless that is the device's chance: `again` boots
   * its state to tell.
   */
  async compare(boot: ExploredBoot<R>, again: (stage: Contradiction<R>['stage']) => Again<R>): Promise<void> {
    const started = performance.now();
    const found = contradictionOf(this.space, boot, this.seen);
    this.parts.spend((performance.now() - started) / 1000);
    this.seen.push(boot);
    if (found !== undefined) await this.weigh(found, again(found.stage));
  }

  /**
   * Boots a state with other random numbers. What differs then, and each time again, is the device's chance. `bootWith`: boots it
   * with those of a number.
   */
  async tryAnother(
    usual: ExploredBoot<R>,
    seed: number,
    { bootWith, onTried }: { bootWith: (seed: number) => Promise<ExploredBoot<R>>; onTried: () => void },
    again: (boot: ExploredBoot<R>) => Promise<void>,
  ): Promise<void> {
    const other = await bootWith(seed);
    onTried();
    if (isSameEnd(other.whole, usual.whole)) return;
    await again(await bootWith(0));
    const otherAgain = await bootWith(seed);
    if (isSameEnd(otherAgain.whole, other.whole))
      this.lots.take({ stage: 'whole', usual, other: otherAgain, seed, ends: new Map() });
    else await this.weigh({ stage: 'whole', boot: otherAgain, earlier: other }, () => bootWith(seed));
  }

  private async weigh(found: Contradiction<R>, again: Again<R>): Promise<void> {
    const ends = await this.lots.explain(found, again);
    if (ends === undefined) return;
    const path = await this.parts.saveMismatch(found, this.contradictions.push(found));
    throw contradictionError(found, ends, path);
  }
}
