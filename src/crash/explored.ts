import type { Coverage } from '../explore/coverage.ts';
import type { CellsRead, Space } from '../explore/space.ts';
import type { StateRef } from '../explore/states.ts';
import type { CutRecord, Verdict } from '../model/record.ts';
import type { PlannedState } from './planned.ts';

/** What one stage of a boot came to, and what it read for that. */
export interface BootVerdict {
  verdict: Verdict;
  outcome: string;
  read: CellsRead;
}

/** One state that was booted, and the states that it decided. */
export interface ExploredBoot {
  /** Undefined for a state that is none of the space's. */
  ref: StateRef | undefined;
  planned: PlannedState;
  record: CutRecord;
  whole: BootVerdict;
  retry: BootVerdict | undefined;
}

/** A state that was decided without a boot, booted after all; or the first one, booted again. */
export interface Audit {
  ref: StateRef;
  boot: ExploredBoot;
  /** The boot that had decided it. */
  decidedBy: ExploredBoot;
  agrees: boolean;
}

/** What an exploration knows so far. */
export interface Explored {
  readonly space: Space;
  readonly whole: Coverage;
  readonly retry: Coverage;
  readonly boots: readonly ExploredBoot[];
}
