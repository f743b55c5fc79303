import { sha256 } from '../core/digest.ts';
import type { CrashRecord, CutRecord, StateCounts } from '../model/record.ts';
import type { CutPhase } from '../model/scenario.ts';
import { groupOutcomes } from '../oracle/outcomes.ts';
import { census } from '../writelog/census.ts';
import type { Recording } from './recordings.ts';

/** The crash part of a run's record: how many states the recordings hold, and what those that were booted came to. */
export function crashSummary(
  recordings: readonly Recording[],
  cuts: readonly CutRecord[],
  phases: readonly CutPhase[],
): CrashRecord {
  const counts = recordings.map(({ log }) => census(log, phases));
  const sum = (what: 'prefix' | 'lost' | 'torn' | 'writes' | 'flushes' | 'epochs') =>
    counts.reduce((total, count) => total + count[what], 0);
  return {
    states: { prefix: sum('prefix'), lost: sum('lost'), torn: sum('torn'), subset: 0, sampled: 0 },
    decided: decidedCounts(cuts),
    boots: cuts.length,
    audited: 0,
    mismatches: 0,
    claim: cuts.some(({ kind }) => kind !== 'naive') ? 'sampled' : 'heuristic',
    outcomes: groupOutcomes(cuts),
    cuts: [...cuts],
    recording: {
      sha256: sha256(recordings.map((recording) => recording.sha256).join('\n')),
      writes: sum('writes'),
      flushes: sum('flushes'),
      epochs: sum('epochs'),
      reused: recordings.some((recording) => recording.reused),
    },
  };
}

/** Live cuts and naive kills are states of no recording, so they count among none of them. */
function decidedCounts(cuts: readonly CutRecord[]): StateCounts {
  const counts: StateCounts = { prefix: 0, lost: 0, torn: 0, subset: 0, sampled: 0 };
  for (const { kind, verdict } of cuts) {
    if (verdict !== 'passed' && verdict !== 'failed') continue;
    if (kind === 'prefix' || kind === 'lost' || kind === 'torn') counts[kind] += 1;
  }
  return counts;
}
