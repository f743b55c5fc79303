import type { BootVerdict } from './boot.ts';

/** Boots that an epoch which has failed gets, to show another way to fail. */
export const bootsAfterFailure = 4;

/** The ways in which epochs were seen to fail, each named by a key of the caller's. */
export class FailedEpochs {
  /** The ways, and the boots since the first of them. */
  private readonly seen = new Map<string, { ways: Set<string>; boots: number }>();

  /**
   * Notes how a boot of an epoch ended. Whether the epoch has shown enough: it fails in a way that it has failed in
   * before, or it has failed and had some more boots to show another way.
   */
  isSpent(epoch: string, { verdict, outcome }: Pick<BootVerdict, 'verdict' | 'outcome'>): boolean {
    const known = this.seen.get(epoch);
    if (verdict !== 'failed' && known === undefined) return false;
    const { ways, boots } = known ?? { ways: new Set<string>(), boots: 0 };
    const again = verdict === 'failed' && ways.has(outcome);
    if (verdict === 'failed') ways.add(outcome);
    this.seen.set(epoch, { ways, boots: boots + 1 });
    return again || boots >= bootsAfterFailure;
  }
}
