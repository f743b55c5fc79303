import type { BootRequest, BootUnderWay, KnownBoot, Others, Stage } from './boot.ts';
import type { StateRef } from './states.ts';

/** What is to be booted next. */
export interface Chosen {
  ref: StateRef;
  request: BootRequest;
  /** Whether others are told at once; if not, they are when the boot begins. */
  isTold: boolean;
  work: () => Promise<void>;
}

/** Nothing, as long as others have not ended what they have begun. */
export type Waiting = 'elsewhere';

/** What is chosen, with what tells others that it is over. */
export type Begun = Chosen & { over: () => Promise<void> };

const nobody = () => Promise.resolve();

/** Chooses what is booted, in turn with others who explore the same space. */
export class Choosing<R> {
  private readonly others: Others<R> | undefined;
  private begun: readonly BootUnderWay[] = [];
  /** Whether nothing was to be chosen the last time, but may be when others have ended something. */
  waits = false;

  constructor(others: Others<R> | undefined) {
    this.others = others;
  }

  /** What others boot now. */
  get elsewhere(): readonly BootUnderWay[] {
    return this.begun;
  }

  /** The same, of what decides a stage. */
  elsewhereOf(stage: Stage): BootUnderWay[] {
    return this.begun.filter(({ retry, cold, seed }) =>
      stage === 'whole' ? !cold && !retry : retry && seed === 0,
    );
  }

  /** Waits a little for what others do; absent: there are none. */
  get pause(): (() => Promise<void>) | undefined {
    return this.others?.pause;
  }

  /**
   * What `pick` chooses while none of the others does, after `hear` was told what they have booted; then what that has left to be
   * done is done by `afterwards`.
   */
  async choose(
    pick: () => Chosen | Waiting | undefined,
    hear: (boots: readonly KnownBoot<R>[]) => void,
    afterwards: () => Promise<void>,
  ): Promise<Begun | undefined> {
    const { others } = this;
    if (others === undefined) return this.picked(pick, nobody);
    const chosen = await others.inTurn(async ({ boots, begun }) => {
      this.begun = begun;
      hear(boots);
      const own = this.picked(pick, nobody);
      return own?.isTold === true ? { ...own, over: await others.begin(own.ref, own.request) } : own;
    });
    try {
      await afterwards();
    } catch (error) {
      await chosen?.over();
      throw error;
    }
    return chosen;
  }

  private picked(pick: () => Chosen | Waiting | undefined, over: () => Promise<void>): Begun | undefined {
    const chosen = pick();
    this.waits = chosen === 'elsewhere';
    return chosen === 'elsewhere' || chosen === undefined ? undefined : { ...chosen, over };
  }
}
