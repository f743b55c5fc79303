import type { CutRecord, Finding, PathRecord } from '../model/record.ts';
import type { Recording } from '../recording/recordings.ts';
import type { TraceExploration } from './open-exploration.ts';

/** What a run came to, filled in as it goes so that an interrupted run still has its part; by position. */
export interface RunProgress {
  paths: (PathRecord | undefined)[];
  recordings: (Recording | undefined)[];
  cuts: (CutRecord | undefined)[];
  /** Of explorations, and explained as far as they were. */
  findings: Finding[];
  explorations: { stage: 'whole' | 'second-cut'; opened: TraceExploration }[];
}

/** The entries that are there, in order. */
export function present<T>(list: readonly (T | undefined)[]): T[] {
  return list.filter((entry) => entry !== undefined);
}
