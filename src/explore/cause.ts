import { type CrashState, lostWrites } from '../writelog/crash-state.ts';
import { durabilityAt } from '../writelog/durability.ts';
import type { LogRecord, WriteLog } from '../writelog/log.ts';
import type { Window } from '../writelog/windows.ts';
import type { BootVerdict, Stage } from './boot.ts';
import { shrink } from './shrink.ts';

/** Boots that the search for one cause may take. */
export const maxBoots = 12;

/** A state that fails, and how. */
export interface Failure {
  state: CrashState;
  window: Window;
  stage: Stage;
  outcome: string;
}

/** What makes a state fail: writes by their position in the log. */
export type Cause =
  /** These were lost, though later ones may be there. */
  | { kind: 'lost'; lost: readonly number[] }
  /** One was torn, and would do no harm if it were lost whole. */
  | { kind: 'torn'; seq: number; part: 'head' | 'tail' | 'zero'; sectors: number }
  /** Nothing was lost: the device is broken between two writes; undefined where the log begins or ends. */
  | { kind: 'between'; last: number | undefined; next: number | undefined }
  /** Nothing was lost: the device is broken from a write on, until the window ends. */
  | { kind: 'from-there-on'; last: number | undefined };

/** How states come out; an exploration is such. */
export interface Outcomes {
  outcomeOf: (state: CrashState, window: Window, stage: Stage) => Promise<Omit<BootVerdict, 'read'>>;
  /** Without a boot; undefined where no earlier one tells. */
  knownOutcome: (state: CrashState, window: Window, stage: Stage) => Omit<BootVerdict, 'read'> | undefined;
  /** All that were made so far. */
  readonly boots: readonly unknown[];
}

/** Shrinks a failing state to the fewest lost or torn writes. Returns the smallest state that was seen to fail alike. */
export async function findCause(
  outcomes: Outcomes,
  log: WriteLog,
  failure: Failure,
): Promise<{ state: CrashState; cause: Cause }> {
  const search = new Search(outcomes, log, failure);
  const { state } = failure;
  const { shape } = state;
  if (shape.kind === 'torn') {
    const { seq, part, sectors } = shape;
    const whole = withLost(state.at, [seq]);
    if (await search.fails(whole)) return { state: whole, cause: { kind: 'lost', lost: [seq] } };
    return { state, cause: { kind: 'torn', seq, part, sectors } };
  }
  const lost = lostWrites(shape, durabilityAt(log, state.at).optional);
  if (lost.length === 0) return { state, cause: await search.between() };
  const minimal = await shrink(lost, (some) => search.fails(withLost(state.at, some)));
  const at = await search.earliest(minimal);
  return { state: withLost(at, minimal), cause: { kind: 'lost', lost: minimal } };
}

function withLost(at: number, lost: readonly number[]): CrashState {
  return { at, shape: { kind: 'subset', lost } };
}

/** Asks whether other states fail like the first one, within a bound of boots. */
class Search {
  private readonly outcomes: Outcomes;
  private readonly log: WriteLog;
  private readonly failure: Failure;
  private readonly bootsAtStart: number;

  constructor(outcomes: Outcomes, log: WriteLog, failure: Failure) {
    this.outcomes = outcomes;
    this.log = log;
    this.failure = failure;
    this.bootsAtStart = outcomes.boots.length;
  }

  /** Undefined where the bound is reached. */
  async fails(state: CrashState): Promise<boolean | undefined> {
    if (this.outcomes.boots.length - this.bootsAtStart >= maxBoots) return undefined;
    const { window, stage } = this.failure;
    return this.isAlike(await this.outcomes.outcomeOf(state, window, stage));
  }

  /** The earliest cut, not before the last of the lost writes, with which their loss is still fatal; by bisection. */
  async earliest(lost: readonly number[]): Promise<number> {
    const { at } = this.failure.state;
    const { records } = this.log;
    const last = records[lost.at(-1) ?? -1]?.issued ?? 0;
    const cuts = records
      .filter(({ kind, issued }) => kind !== 'flush' && issued > last && issued < at)
      .map(({ issued }) => issued + 1);
    let low = -1;
    let high = cuts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const cut = cuts[middle] ?? at;
      const stillOpen = durabilityAt(this.log, cut).optional.map(({ seq }) => seq);
      const failed = lost.every((seq) => stillOpen.includes(seq))
        ? await this.fails(withLost(cut, lost))
        : false;
      if (failed === undefined) break;
      if (failed) high = middle;
      else low = middle;
    }
    return cuts[high] ?? at;
  }

  /**
   * Around a state in which nothing is lost: the writes after which devices begin and cease to fail like it. What no
   * earlier boot tells is asked by bisection: of later questions few states are decided, and where knowledge ends the
   * failure need not begin.
   */
  async between(): Promise<Cause> {
    const { state, window } = this.failure;
    const writes = this.log.records.filter(
      ({ kind, issued }) => kind !== 'flush' && issued >= window.from && issued < window.to,
    );
    const own = writes.findLastIndex(({ issued }) => issued < state.at);
    const first = await this.edge(writes, own, -1);
    const end = await this.edge(writes, own, writes.length);
    const before = this.log.records.findLast(({ kind, issued }) => kind !== 'flush' && issued < window.from);
    const last = (own < 0 ? before : writes[first])?.seq;
    const next = writes[end + 1]?.seq;
    return next === undefined ? { kind: 'from-there-on', last } : { kind: 'between', last, next };
  }

  /** The write farthest from `own` towards `limit` up to which all prefixes fail alike. */
  private async edge(writes: readonly LogRecord[], own: number, limit: number): Promise<number> {
    const step = Math.sign(limit - own);
    const prefixAt = (index: number): CrashState => ({
      at: (writes[index]?.issued ?? 0) + 1,
      shape: { kind: 'prefix' },
    });
    const knownAt = (index: number) => {
      const { window, stage } = this.failure;
      return this.outcomes.knownOutcome(prefixAt(index), window, stage);
    };
    let failing = own;
    for (;;) {
      const next = failing + step;
      if (next === limit || step === 0) return failing;
      const known = knownAt(next);
      if (known === undefined) break;
      if (!this.isAlike(known)) return failing;
      failing = next;
    }
    // Between `failing` and `sound` one write makes the difference; whatever is there in between decides the way.
    let sound = limit;
    while (Math.abs(sound - failing) > 1) {
      const middle = (failing + sound) >> 1;
      const known = knownAt(middle);
      const fails = known === undefined ? await this.fails(prefixAt(middle)) : this.isAlike(known);
      if (fails === undefined) return failing;
      if (fails) failing = middle;
      else sound = middle;
    }
    return failing;
  }

  private isAlike({ verdict, outcome }: Omit<BootVerdict, 'read'>): boolean {
    return verdict === 'failed' && outcome === this.failure.outcome;
  }
}
