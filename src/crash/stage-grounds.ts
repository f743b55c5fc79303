import type { Budget } from '../explore/exploration-parts.ts';
import type { Trace } from '../recording/trace.ts';
import { parseStateId, stateId } from '../writelog/state-id.ts';
import type { BootLedger } from './boot-ledger.ts';
import { type RecordedGround, traceDigest } from './grounds.ts';
import type { ComeBack } from './open-exploration.ts';
import { plannedId } from './planned.ts';
import type { Candidate, Turn, WrittenSets } from './written-sets.ts';

/** Boots that a coming-back which is cut again is given at least, as long as there are so many. */
export const leastBoots = 3;

/** How a device is booted to record what it writes. */
const recordingBoot = { retry: false, seed: 0, cold: true, audit: false, ground: true };

/** Where devices came back from the cut before. */
export interface CameBack {
  trace: Trace;
  comeBacks: readonly ComeBack[];
}

/** The grounds of a stage, here and in the ledger. */
export class StageGrounds {
  private readonly ledger: BootLedger | undefined;
  private readonly from: readonly CameBack[];
  /** Those that were gone through here, with the boots that have decided their states. */
  private readonly own = new Map<string, number>();
  constructor(ledger: BootLedger | undefined, from: readonly CameBack[]) {
    this.ledger = ledger;
    this.from = from;
  }

  /** Takes up what others have recorded, also where they came back from a state that nobody has booted here. */
  private takeUp(phase: string, written: WrittenSets): void {
    const { ledger } = this;
    for (const { trace } of this.from)
      for (const { state: name, upgrade, places, until } of ledger?.groundsOf(trace) ?? []) {
        const state = parseStateId(name);
        if (state === undefined) continue;
        const id = plannedId({ trace, state });
        if (!written.has(id))
          written.add(trace, { id, state, window: { upgrade, phase, from: 0, to: until }, places });
      }
  }

  /**
   * The ground to go through next, in turn with others; of those that nobody has recorded it tells them. `over` is to be called when it is
   * recorded. `elsewhere`: there is none now, but others record some. `turns` says which there are, once those of others are known.
   */
  async choose(
    phase: string,
    written: WrittenSets,
    { turns, maxBoots, budget }: { turns: () => readonly Turn[]; maxBoots: number; budget: Budget },
  ): Promise<(Turn & { turns: number; over: () => Promise<void> }) | 'elsewhere' | undefined> {
    const { ledger } = this;
    const choose = async () => {
      this.takeUp(phase, written);
      const all = turns();
      const mayRecord = this.spokenFor(written) < maxBoots && !budget.aborted;
      const turn = this.next(all, mayRecord);
      if (turn === undefined)
        return this.elsewhere.length > 0 && this.boots(written) < maxBoots && !budget.aborted
          ? ('elsewhere' as const)
          : undefined;
      const { candidate } = turn;
      const isRecorded = this.recorded(candidate) !== undefined;
      const boot = { ...nameOf(candidate), ...recordingBoot };
      const over = isRecorded || ledger === undefined ? undefined : await ledger.begin(boot);
      return { ...turn, turns: all.length, over: over ?? (() => Promise.resolve()) };
    };
    return ledger === undefined ? choose() : ledger.inTurn(choose);
  }

  /**
   * Of those that were recorded, and, where one `mayRecord`, the others. As long as others are at work, what nobody has begun comes
   * first, and what they are recording is theirs.
   */
  private next(turns: readonly Turn[], mayRecord: boolean): Turn | undefined {
    const recorded = turns.filter(({ candidate }) => this.recorded(candidate) !== undefined);
    const begun = new Set(this.elsewhere.map(keyOfName));
    const free = turns.filter((turn) => !recorded.includes(turn) && !begun.has(keyOf(turn.candidate)));
    const others = mayRecord ? free : [];
    return this.ledger?.live === true ? [...others, ...recorded][0] : [...recorded, ...others][0];
  }

  /** Grounds that others record now. */
  private get elsewhere(): { sha256: string; state: string }[] {
    const { ledger } = this;
    return this.from.flatMap(({ trace }) => (ledger?.elsewhere(trace) ?? []).filter(({ ground }) => ground));
  }

  /** Waits a little for what others do. */
  async pause(): Promise<void> {
    await this.ledger?.pause();
  }

  recorded(candidate: Candidate): RecordedGround | undefined {
    const { sha256, state } = nameOf(candidate);
    return this.ledger?.groundsOf({ sha256 }).find((ground) => ground.state === state);
  }

  isTaken(candidate: Candidate): boolean {
    return this.own.has(keyOf(candidate));
  }

  take(candidate: Candidate, boots: number): void {
    this.own.set(keyOf(candidate), boots);
  }

  /** Boots of those that were gone through here. */
  get taken(): number {
    return [...this.own.values()].reduce((sum, boots) => sum + boots, 0);
  }

  /** The same, and what those are to get at least that were not gone through here. */
  private spokenFor(written: WrittenSets): number {
    const open = written.candidates.filter(
      (candidate) => !this.isTaken(candidate) && this.recorded(candidate) !== undefined,
    );
    const least = open.reduce((sum, candidate) => sum + Math.max(0, leastBoots - this.bootsOf(candidate)), 0);
    return this.boots(written) + least + this.elsewhere.length * leastBoots;
  }

  /** Boots of all, those that others have made or begun too, but those of `except`. */
  boots(written: WrittenSets, except?: Candidate): number {
    return written.candidates.reduce(
      (sum, candidate) => (candidate === except ? sum : sum + this.bootsOf(candidate)),
      0,
    );
  }

  private bootsOf(candidate: Candidate): number {
    const { ledger } = this;
    const ground = this.recorded(candidate);
    const trace = ground && { sha256: traceDigest(ground) };
    const known = trace === undefined ? 0 : (ledger?.bootsOf(trace) ?? 0);
    const begun = trace === undefined ? 0 : (ledger?.elsewhere(trace).length ?? 0);
    return Math.max(known + begun, this.own.get(keyOf(candidate)) ?? 0);
  }
}

/** The names of a ground's trace and state in a ledger. */
export function nameOf({ trace: { sha256 }, comeBack: { state } }: Candidate): {
  sha256: string;
  state: string;
} {
  return { sha256, state: stateId(state) };
}

function keyOf(candidate: Candidate): string {
  return keyOfName(nameOf(candidate));
}

function keyOfName({ sha256, state }: { sha256: string; state: string }): string {
  return `${sha256} ${state}`;
}
