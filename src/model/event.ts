import type { ConfigurationTable } from './configuration.ts';
import type { CaseRecord } from './conformance.ts';
import type { CutRecord, StepRecord, Verdict } from './record.ts';

/** What happens during a run, as it happens; `run.jsonl` has one a line and the terminal shows them. */
export type RunEvent =
  | { type: 'run-started'; run: string; scenario: string; machine: string; folder: string }
  | { type: 'phase'; run: string; phase: string; detail: string }
  | { type: 'step'; run: string; path: string[]; step: StepRecord }
  | { type: 'configuration'; run: string; path: string[]; table: ConfigurationTable }
  | { type: 'cuts-planned'; run: string; total: number }
  /** `total` is 0 where nobody knows how many boots it takes; `states` says then how far it is. */
  | {
      type: 'cut';
      run: string;
      done: number;
      total: number;
      cut: CutRecord;
      states?: DecidedStates;
      /** Of a boot that must not come back whole, or its case proves nothing. */
      mustFail?: true;
    }
  /** A crash state is being booted, and what its device is at; `ended` once, whatever came of it. */
  | { type: 'boot'; run: string; id: string; doing: BootDoing; of?: string }
  /** A case of the conformance suite has ended. */
  | { type: 'case'; run: string; done: number; total: number; case: CaseRecord }
  | { type: 'notice'; run: string; message: string }
  | { type: 'run-finished'; run: string; verdict: Verdict; seconds: number };

/** What a device that is decided is at, in the order in which it comes to it. */
export type BootDoing = 'starts' | 'is looked at' | 'upgrades again' | 'ended';

/** How far an exploration is: crash states, and the same of each kind every few seconds. */
export interface DecidedStates {
  decided: number;
  all: number;
  kinds?: { kind: string; decided: number; all: number }[];
}

/** Takes events; must not throw and not block. */
export type EventSink = (event: RunEvent) => void;
