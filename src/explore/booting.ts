import type { CrashState } from '../writelog/crash-state.ts';
import type { Window } from '../writelog/windows.ts';
import type { Booted, BootRequest, BootVerdict, ExploredBoot, Stage } from './boot.ts';
import type { ExplorationParts } from './exploration-parts.ts';
import type { Space } from './space.ts';
import type { StateRef } from './states.ts';

/** A boot of one of the space's states. */
export type DecidingBoot<R> = ExploredBoot<R> & { ref: StateRef };

/** Has states of a space booted, and says of each boot which cells it read. */
export class Booting<R extends { id: string }> {
  private readonly space: Space;
  private readonly parts: Pick<ExplorationParts<R>, 'boot' | 'signal' | 'spend'>;

  constructor(space: Space, parts: Pick<ExplorationParts<R>, 'boot' | 'signal' | 'spend'>) {
    this.space = space;
    this.parts = parts;
  }

  /** Boots a state, be it one of the space's or not. */
  async bootAny(state: CrashState, window: Window, request: BootRequest): Promise<ExploredBoot<R>> {
    const contents = this.timed(() => this.space.contentsOf(state));
    const booted = await this.begin(state, window, request);
    return { ref: undefined, ...this.explored(booted, state, window, (cell) => contents[cell] ?? 0) };
  }

  async boot(ref: StateRef, request: BootRequest): Promise<DecidingBoot<R>> {
    return this.bootOf(ref, await this.begin(this.space.crashState(ref), this.windowOf(ref), request));
  }

  /** The same of a boot that somebody has made. */
  bootOf(ref: StateRef, booted: Booted<R>): DecidingBoot<R> {
    const { space } = this;
    const contentOf = (cell: number) => space.contentIn(ref, cell);
    return { ...this.explored(booted, space.crashState(ref), this.windowOf(ref), contentOf), ref };
  }

  /** Tells of the time that a computation takes. */
  timed<T>(work: () => T): T {
    const started = performance.now();
    const value = work();
    this.parts.spend((performance.now() - started) / 1000);
    return value;
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
}
