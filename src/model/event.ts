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
      states?: { decided: number; all: number };
    }
  /** A case of the conformance suite has ended. */
  | { type: 'case'; run: string; done: number; total: number; case: CaseRecord }
  | { type: 'notice'; run: string; message: string }
  | { type: 'run-finished'; run: string; verdict: Verdict; seconds: number };

/** Takes events; must not throw and not block. */
export type EventSink = (event: RunEvent) => void;
