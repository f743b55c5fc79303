import { isSameEnd } from './audits.ts';
import type { ExploredBoot, Stage } from './boot.ts';
import type { Contradiction } from './determinism.ts';

/** A crash state that comes up in two ways, each of them twice. */
export interface Chance<R> {
  stage: Stage;
  /** One with each end; `usual` had the usual random numbers. */
  usual: ExploredBoot<R>;
  other: ExploredBoot<R>;
  /** The random numbers that `other` had; undefined: the same as `usual`. */
  seed: number | undefined;
  /** How many boots of the state, with the usual random numbers, came to which outcome; empty where `seed` tells them apart. */
  ends: ReadonlyMap<string, number>;
}

/** How often a state is booted again at most, to see whether its end is chance. One in four is seen twice in 94 of 100 cases. */
const mostAgain = 16;

/** The boots whose states are worth another chance: of each phase and outcome the one that has decided the most states. */
export function drawChances<R>(boots: readonly ExploredBoot<R>[], count: number): ExploredBoot<R>[] {
  const byDecided = boots
    .filter(({ ref, decides }) => ref !== undefined && decides.whole > 0)
    .sort((a, b) => b.decides.whole - a.decides.whole);
  const key = ({ window, whole }: ExploredBoot<R>) => `${window.upgrade} ${window.phase} ${whole.outcome}`;
  const firsts = byDecided.filter(
    (boot, i) => byDecided.findIndex((other) => key(other) === key(boot)) === i,
  );
  return [...new Set([...firsts, ...byDecided])].slice(0, count);
}

/** What is known of an exploration's device to hang on chance. */
export class Chances<R> {
  readonly all: Chance<R>[] = [];
  private readonly goOn: () => boolean;
  private readonly onChance: (chance: Chance<R>) => void;
  /** Settled when no contradiction is being looked into. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(goOn: () => boolean, onChance: (chance: Chance<R>) => void) {
    this.goOn = goOn;
    this.onChance = onChance;
  }

  take(chance: Chance<R>): void {
    this.all.push(chance);
    this.onChance(chance);
  }

  /**
   * Looks into a contradiction, one after the other. Returns undefined where it is the device's chance, else what the boots
   * came to that were made to find out.
   */
  explain(found: Contradiction<R>, again: () => Promise<ExploredBoot<R>>): Promise<string[] | undefined> {
    const turn = this.turn.then(async () => {
      if (isKnown(this.all, found)) return undefined;
      const weighed = await weigh(found, again, this.goOn);
      if ('ends' in weighed) return weighed.ends;
      this.take(weighed.chance);
      return undefined;
    });
    this.turn = turn.catch(() => undefined);
    return turn;
  }
}

/**
 * Boots the later state of a contradiction again, with nothing changed, until it has come to its end once more, and to
 * another one twice; once at least. Then no boot of another state has to do with it: it is the device's chance. `ends`: the
 * outcomes of these boots, in order.
 */
async function weigh<R>(
  { stage, boot }: Contradiction<R>,
  again: () => Promise<ExploredBoot<R>>,
  goOn: () => boolean,
): Promise<{ chance: Chance<R> } | { ends: string[] }> {
  const boots: ExploredBoot<R>[] = [];
  while (boots.length < mostAgain && (boots.length === 0 || goOn())) {
    boots.push(await again());
    const groups = byEnd([boot, ...boots], stage);
    const [ours = [], ...others] = [...groups.values()];
    const [other] = others.find((group) => group.length > 1) ?? [];
    if (ours.length < 2 || other === undefined) continue;
    const ends = new Map([...groups].map(([end, group]) => [end, group.length]));
    return { chance: { stage, usual: boot, other, seed: undefined, ends } };
  }
  return { ends: boots.map((one) => endOf(one, stage).outcome) };
}

/** Whether a contradiction is one with an end that is known to come by chance. */
function isKnown<R>(chances: readonly Chance<R>[], { stage, boot, earlier }: Contradiction<R>): boolean {
  return chances.some(
    (chance) =>
      chance.stage === stage &&
      chance.seed === undefined &&
      [boot, earlier].some((one) => isSameEnd(endOf(one, stage), endOf(chance.usual, stage))),
  );
}

/** How a stage of a boot ended; a device that has not come back whole ends there. */
export function endOf<R>(boot: ExploredBoot<R>, stage: Stage): ExploredBoot<R>['whole'] {
  return boot[stage] ?? boot.whole;
}

/** Boots by how they ended, in the order in which the ends came. */
function byEnd<R>(boots: readonly ExploredBoot<R>[], stage: Stage): Map<string, ExploredBoot<R>[]> {
  const groups = new Map<string, ExploredBoot<R>[]>();
  for (const boot of boots) {
    const { outcome } = endOf(boot, stage);
    groups.set(outcome, [...(groups.get(outcome) ?? []), boot]);
  }
  return groups;
}
