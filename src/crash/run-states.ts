import type { Stage } from '../explore/boot.ts';
import type { Exploration } from '../explore/exploration.ts';
import type { Space } from '../explore/space.ts';
import type { CutRecord, RunRecord, StageName } from '../model/record.ts';
import {
  type LineName,
  lineNames,
  type SegmentRow,
  type StageStates,
  type StatesRecord,
  type TraceStates,
  undecidedBy,
} from '../model/states.ts';
import { stateId } from '../writelog/state-id.ts';
import type { DescribedTrace } from './described-trace.ts';
import { present, type RunProgress } from './power-cuts.ts';

/**
 * Every state of a run, as far as it is decided; undefined where it has none. `known`: failures that are on the list, by
 * the id of the booted state and its outcome.
 */
export function statesRecord(
  run: string,
  progress: Pick<RunProgress, 'explorations' | 'stages' | 'drawn' | 'cuts'>,
  known: ReadonlySet<string> = new Set(),
): StatesRecord | undefined {
  const explored = progress.explorations.map(({ stage, described, opened: { exploration } }) => {
    const asked = stage === 'whole' && progress.stages.includes('retry');
    const stages = [
      stageStates(stage, 'whole', exploration),
      ...(asked ? [stageStates('retry', 'retry', exploration)] : []),
    ];
    return { ...described, lines: linesOf(exploration.space), stages };
  });
  const drawn = (progress.drawn ?? []).map((described) => drawnStates(described, present(progress.cuts)));
  const traces = [...explored, ...drawn].map((trace) => ({
    ...trace,
    stages: trace.stages.map((stage) => ({
      ...stage,
      boots: stage.boots.map((boot) =>
        boot.verdict === 'failed' && known.has(failureKey(boot.cut, boot.outcome))
          ? { ...boot, verdict: 'known' as const }
          : boot,
      ),
    })),
  }));
  return traces.length === 0 ? undefined : { format: 1, run, traces };
}

/** The failures of a record that are on the list of known findings, as `statesRecord` takes them. */
export function knownCuts({ crash }: Pick<RunRecord, 'crash'>): ReadonlySet<string> {
  const known = (crash?.cuts ?? []).filter(({ verdict }) => verdict === 'known');
  return new Set(known.map(({ id, outcome }) => failureKey(id, outcome)));
}

function failureKey(cut: string, outcome: string): string {
  return JSON.stringify([cut, outcome]);
}

/** How the states of a space lie on lines. */
export function linesOf(space: Space): Record<LineName, SegmentRow[]> {
  return byLine((line) =>
    space.line(line).segments.map(({ seq, at, from, to }) => [line === 'none' ? at : seq, to - from]),
  );
}

/** What a question came to for all states of an exploration, by the boots that have decided any. */
export function stageStates(
  name: StageName,
  stage: Stage,
  { space, boots, [stage]: coverage }: Pick<Exploration<CutRecord>, 'space' | 'boots' | Stage>,
): StageStates {
  const numbers = new Map<number, number>();
  const numberOf = (by: number) => {
    if (by < 0) return by;
    const number = numbers.get(by) ?? numbers.size;
    numbers.set(by, number);
    return number;
  };
  const runs = byLine((line) => {
    const dense = densePositions(space.line(line).segments);
    return coverage
      .runsOf(line)
      .map(({ from, to, by }): [number, number, number] => [dense(from), dense(to - 1) + 1, numberOf(by)]);
  });
  const listed = space.subsets.flatMap(({ at, shape }, i): [string, number][] =>
    coverage.isOwn({ subset: i }) ? [[stateId({ at, shape }), numberOf(coverage.subsetBy(i))]] : [],
  );
  const decided = [...numbers.keys()].map((number) => {
    const boot = boots[number];
    const { verdict, outcome } = boot?.[stage] ?? { verdict: 'unknown', outcome: '' };
    return { cut: boot?.record.id ?? '', verdict, outcome };
  });
  return { name, boots: decided, runs, listed };
}

/** Counts the positions that lie in segments; to be asked in ascending order. */
function densePositions(segments: readonly { from: number; to: number }[]): (position: number) => number {
  let next = 0;
  let before = 0;
  return (position) => {
    for (
      let segment = segments[next];
      segment !== undefined && segment.to <= position;
      segment = segments[next]
    ) {
      before += segment.to - segment.from;
      next += 1;
    }
    return before + position - (segments[next]?.from ?? position);
  };
}

/** The states of a trace that were drawn and booted one by one. */
function drawnStates(described: DescribedTrace, cuts: readonly CutRecord[]): TraceStates {
  const own = cuts.filter(({ id }) => id.startsWith(`${described.name}.`));
  const boots = own.map(({ id, verdict, outcome }) => ({ cut: id, verdict, outcome }));
  const listed = own.map(({ id, verdict }, i): [string, number] => [
    id.slice(described.name.length + 1),
    verdict === 'passed' || verdict === 'failed' ? i : undecidedBy,
  ]);
  const none = () => byLine(() => []);
  return { ...described, lines: none(), stages: [{ name: 'whole', boots, runs: none(), listed }] };
}

function byLine<T>(make: (line: LineName) => T): Record<LineName, T> {
  return Object.fromEntries(lineNames.map((line) => [line, make(line)])) as Record<LineName, T>;
}
