import { sha256 } from '../core/digest.ts';
import type { Stage } from '../explore/boot.ts';
import type { ClassCounts } from '../explore/coverage.ts';
import type { Exploration } from '../explore/exploration.ts';
import { stateClasses } from '../explore/states.ts';
import {
  type AuditRecord,
  type Claim,
  type CrashRecord,
  type CutRecord,
  type Ended,
  type StageName,
  type StageRecord,
  type StateCounts,
  type WrittenSet,
  worstEnd,
} from '../model/record.ts';
import type { CutPhase } from '../model/scenario.ts';
import { bootsUntilFound, groupOutcomes } from '../oracle/outcomes.ts';
import type { Recording } from '../recording/recordings.ts';
import { census } from '../writelog/census.ts';
import { windowsOf, writesIn } from '../writelog/windows.ts';
import { isSound, present, type RunProgress } from './power-cuts.ts';
import { type AskedExploration, stateGroups } from './state-groups.ts';

/**
 * The crash part of a run's record: how many states there are, and what those that were decided came to. `isPart`: others
 * decide the rest, so that no claim is about all states.
 */
export function crashSummary(
  progress: Pick<RunProgress, 'explorations' | 'stages' | 'laterCuts' | 'recordings' | 'cuts' | 'storms'>,
  phases: readonly CutPhase[],
  isPart = false,
): CrashRecord {
  const cuts = present(progress.cuts);
  const recordings = present(progress.recordings);
  const found = bootsUntilFound(cuts);
  const common = {
    boots: cuts.length,
    ...(found === undefined ? {} : { bootsUntilFound: found }),
    outcomes: groupOutcomes(cuts),
    cuts,
    recording: recordingFacts(recordings, phases),
    ...phasesWithoutStates(recordings, phases),
  };
  const storms = stormStages(progress);
  if (progress.explorations.length > 0) {
    const explored = exploredSummary(progress, isPart);
    return { ...common, ...explored, stages: [...explored.stages, ...storms] };
  }
  const counts = recordings.map(({ log }) => census(log, phases));
  const sum = (what: 'prefix' | 'lost' | 'torn') => counts.reduce((total, count) => total + count[what], 0);
  return {
    ...common,
    states: { ...noStates(), prefix: sum('prefix'), lost: sum('lost'), torn: sum('torn') },
    decided: decidedCounts(cuts),
    skipped: 0,
    undecided: 0,
    blockTears: 0,
    audited: 0,
    mismatches: 0,
    claim: cuts.some(({ kind }) => kind !== 'naive') ? 'sampled' : 'heuristic',
    stages: storms,
    snapshots: { taken: 0, restored: 0 },
  };
}

/** The stage of reset storms, where there were to be any: each is a boot of its own. */
function stormStages({ storms }: Pick<RunProgress, 'storms'>): StageRecord[] {
  if (storms === undefined) return [];
  const { planned, done, cutShort = false } = storms;
  const ended: Ended = done === planned ? 'complete' : cutShort ? 'budget' : 'interrupted';
  return [
    { name: 'reset-storm', states: planned, decided: done, skipped: 0, boots: done, claim: 'sampled', ended },
  ];
}

/** A phase that the device went through and in which it wrote nothing. */
function phasesWithoutStates(
  recordings: readonly Recording[],
  phases: readonly CutPhase[],
): Pick<CrashRecord, 'phasesWithoutStates'> {
  const windows = recordings.flatMap(({ log }) => windowsOf(log).map((window) => ({ log, window })));
  const silent = phases.filter((phase) => {
    const own = windows.filter(({ window }) => window.phase === phase);
    return own.length > 0 && own.every(({ log, window }) => writesIn(log, window).length === 0);
  });
  return silent.length === 0 ? {} : { phasesWithoutStates: silent };
}

function recordingFacts(
  recordings: readonly Recording[],
  phases: readonly CutPhase[],
): CrashRecord['recording'] {
  const counts = recordings.map(({ log }) => census(log, phases));
  const sum = (what: 'writes' | 'flushes' | 'epochs') =>
    counts.reduce((total, count) => total + count[what], 0);
  const cut = recordings.filter(isSound).map(({ path }) => path);
  return {
    sha256: sha256(recordings.map((recording) => recording.sha256).join('\n')),
    writes: sum('writes'),
    flushes: sum('flushes'),
    epochs: sum('epochs'),
    reused: recordings.some((recording) => recording.reused),
    count: cut.length,
    disturbed: cut.filter(({ recording }) => recording?.by !== undefined).length,
    paths: new Set(cut.map(({ releases }) => releases.join('\n'))).size,
  };
}

/** Live cuts and naive kills are states of no recording, so they count among none of them. */
function decidedCounts(cuts: readonly CutRecord[]): StateCounts {
  const counts = noStates();
  for (const { kind, verdict } of cuts) {
    if (verdict !== 'passed' && verdict !== 'failed') continue;
    if (kind !== 'live' && kind !== 'naive') counts[kind] += 1;
  }
  return counts;
}

type Explored = RunProgress['explorations'];

function exploredSummary(
  { explorations, stages: asked, laterCuts }: Pick<RunProgress, 'explorations' | 'stages' | 'laterCuts'>,
  isPart: boolean,
): Omit<
  CrashRecord,
  'boots' | 'bootsUntilFound' | 'outcomes' | 'cuts' | 'recording' | 'phasesWithoutStates'
> {
  const of = (stage: Explored[number]['stage']) =>
    explorations.filter((entry) => entry.stage === stage).map(({ opened }) => opened.exploration);
  const whole = of('whole');
  const again = explorations.flatMap(({ rawAgain, opened }) =>
    rawAgain === true ? [opened.trace.name] : [],
  );
  const tallies = whole.map((exploration) => exploration.whole.tally());
  const add = (part: 'all' | 'decided' | 'skipped' | 'undecided') =>
    sumCounts(tallies.map((tally) => tally[part]));
  const auditing = whole.map((exploration) => exploration.auditing);
  const audits: AuditRecord = {
    asked: auditing.reduce((sum, { asked }) => sum + asked, 0),
    all: auditing.every(({ all }) => all),
    reseeded: auditing.reduce((sum, { reseeded }) => sum + reseeded, 0),
    ended: worstEnd(auditing.map(({ ended }) => ended)),
  };
  const mismatches = explorations.reduce(
    (sum, { opened }) => sum + opened.exploration.contradictions.length,
    0,
  );
  // Which of its ends such a state has is no boot's to decide.
  const drawsLots = explorations.some(({ opened }) =>
    opened.exploration.chances.some(({ seed }) => seed === undefined),
  );
  const audited = audits.asked > 0 && audits.ended === 'complete';
  const endOf = (stage: Stage) => worstEnd(whole.map(({ ended }) => ended[stage]));
  const audit = { disagrees: mismatches > 0 || drawsLots, audited, isPart };
  const stages = asked.flatMap((name): StageRecord[] => {
    if (name === 'reset-storm') return [];
    if (name === 'whole' || name === 'retry') return [stageRecord(name, whole, name, endOf(name), audit)];
    const paths = laterCuts.filter((one) => one.name === name);
    const ended = paths.length < whole.length ? 'interrupted' : worstEnd(paths.map((one) => one.ended));
    const written = sumSets(paths.flatMap((one) => one.written));
    return [{ ...stageRecord(name, of(name), 'whole', ended, audit), written }];
  });
  return {
    states: add('all'),
    decided: add('decided'),
    skipped: total(add('skipped')),
    undecided: total(add('undecided')),
    blockTears: whole.reduce((count, { space }) => count + space.countBlockTears(), 0),
    audited: auditing.reduce((sum, { made }) => sum + made, 0),
    mismatches,
    audits,
    claim: stages[0]?.claim ?? 'sampled',
    stages,
    groups: stateGroups(askedExplorations(explorations, asked)),
    ...(again.length === 0 ? {} : { rawAgain: again }),
    snapshots: explorations.reduce(
      (sum, { opened }) => {
        const { taken, restored } = opened.snapshotCounts();
        return { taken: sum.taken + taken, restored: sum.restored + restored };
      },
      { taken: 0, restored: 0 },
    ),
  };
}

/** Equal sets of several paths as one. */
function sumSets(sets: readonly WrittenSet[]): WrittenSet[] {
  const all = new Map<string, WrittenSet>();
  for (const { places, boots, cuts } of sets) {
    const known = all.get(JSON.stringify(places)) ?? { places, boots: 0, cuts: [] };
    all.set(JSON.stringify(places), {
      ...known,
      boots: known.boots + boots,
      cuts: [...known.cuts, ...cuts],
    });
  }
  return [...all.values()];
}

/** Each exploration with the questions that it was asked. */
function askedExplorations(explorations: Explored, asked: readonly StageName[]): AskedExploration[] {
  return explorations.flatMap(({ stage, opened: { trace, exploration } }) => {
    const of = { releases: trace.releases, exploration };
    const whole = { ...of, name: stage, stage: 'whole' as const };
    if (stage !== 'whole' || !asked.includes('retry')) return [whole];
    return [whole, { ...of, name: 'retry' as const, stage: 'retry' as const }];
  });
}

function stageRecord(
  name: StageRecord['name'],
  explorations: readonly Exploration<CutRecord>[],
  stage: Stage,
  ended: Ended,
  { disagrees, audited, isPart }: { disagrees: boolean; audited: boolean; isPart: boolean },
): StageRecord {
  const tallies = explorations.map((exploration) => exploration[stage].tally());
  const count = (part: 'all' | 'decided' | 'skipped') =>
    tallies.reduce((sum, tally) => sum + total(tally[part]), 0);
  const decided = count('decided');
  const complete =
    (decided > 0 || isPart) && decided === count('all') && (name === 'whole' || name === 'retry');
  const full: Claim = isPart ? 'part' : audited ? 'exhaustive' : 'unaudited';
  const claim: Claim = disagrees ? 'heuristic' : complete ? full : 'sampled';
  const boots = explorations.reduce(
    (sum, exploration) =>
      sum + exploration.boots.filter((boot) => (boot.retry !== undefined) === (name === 'retry')).length,
    0,
  );
  return { name, states: count('all'), decided, skipped: count('skipped'), boots, claim, ended };
}

function noStates(): StateCounts {
  return { prefix: 0, lost: 0, torn: 0, subset: 0, sampled: 0 };
}

function sumCounts(list: readonly ClassCounts[]): StateCounts {
  const sum = noStates();
  for (const counts of list) for (const stateClass of stateClasses) sum[stateClass] += counts[stateClass];
  return sum;
}

function total(counts: StateCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
