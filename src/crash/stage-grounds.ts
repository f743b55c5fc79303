import type { Trace } from '../recording/trace.ts';
import { parseStateId, stateId } from '../writelog/state-id.ts';
import type { BootLedger } from './boot-ledger.ts';
import { type RecordedGround, traceDigest } from './grounds.ts';
import type { ComeBack } from './open-exploration.ts';
import { plannedId } from './planned.ts';
import type { Candidate, Turn, WrittenSets } from './written-sets.ts';

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
  /** Those that others have begun to record. */
  private readonly begun = new Set<string>();

  constructor(ledger: BootLedger | undefined, from: readonly CameBack[]) {
    this.ledger = ledger;
    this.from = from;
  }

  /** Takes up what others have recorded, also where they came back from a state that nobody has booted here. */
  async hear(phase: string, written: WrittenSets): Promise<void> {
    const { ledger } = this;
    if (ledger?.live === true) await ledger.hear();
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
   * The ground to go through next: of those that were recorded, and, where one `mayRecord`, the others. As long as others are
   * at work, what they have not begun comes first, and what they have begun to record last.
   */
  next(turns: readonly Turn[], mayRecord: boolean): Turn | undefined {
    const { ledger } = this;
    const recorded = turns.filter(({ candidate }) => this.recorded(candidate) !== undefined);
    const others = mayRecord ? turns.filter((turn) => !recorded.includes(turn)) : [];
    if (ledger?.live !== true) return [...recorded, ...others][0];
    const isBegun = ({ candidate }: Turn) => this.begun.has(keyOf(candidate));
    return [...others.filter((turn) => !isBegun(turn)), ...recorded, ...others.filter(isBegun)][0];
  }

  /** Whether a ground is to be gone through now; if not, it is one that another worker has just begun. */
  async claim(candidate: Candidate): Promise<boolean> {
    const { ledger, begun } = this;
    const key = keyOf(candidate);
    if (ledger?.live !== true || begun.has(key) || this.recorded(candidate) !== undefined) return true;
    if (await ledger.claim(nameOf(candidate))) return true;
    begun.add(key);
    return false;
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

  /** Boots of all, others' too, but those of `except`. */
  boots(written: WrittenSets, except?: Candidate): number {
    return written.candidates.reduce((sum, candidate) => {
      if (candidate === except) return sum;
      const ground = this.recorded(candidate);
      const known = ground === undefined ? 0 : (this.ledger?.bootsOf({ sha256: traceDigest(ground) }) ?? 0);
      return sum + Math.max(known, this.own.get(keyOf(candidate)) ?? 0);
    }, 0);
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
  const { sha256, state } = nameOf(candidate);
  return `${sha256} ${state}`;
}
