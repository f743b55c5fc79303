import { sha256 } from '../core/digest.ts';
import type { RunContext } from '../device/run-context.ts';
import type { ExploredBoot } from '../explore/boot.ts';
import type { CutRecord, Ended, WrittenSet } from '../model/record.ts';
import type { LaterCut } from '../model/scenario.ts';
import { recordingDigest } from '../recording/recordings.ts';
import type { Trace } from '../recording/trace.ts';
import { storeLog } from '../writelog/stored-log.ts';
import type { Window } from '../writelog/windows.ts';
import { bootState } from './boot-state.ts';
import { describeTrace } from './described-trace.ts';
import { reportFailures } from './failures.ts';
import { type ComeBack, type ExploreOptions, openExploration } from './open-exploration.ts';
import type { RunProgress } from './power-cuts.ts';
import { targetsOf } from './write-targets.ts';

/** Boots that a coming-back which is cut again is given at least, as long as there are so many. */
const leastBoots = 3;

/** Where devices came back from the cut before. */
export interface CameBack {
  trace: Trace;
  comeBacks: readonly ComeBack[];
}

/** What a stage of later cuts works with. */
export interface CutAgainOptions {
  name: LaterCut;
  from: readonly CameBack[];
  limits: ExploreOptions;
  /** Boots of one path after this cut. */
  maxBoots: number;
  /** Whether one of each set of places is enough. */
  once?: true;
  onBoot: (boot: ExploredBoot<CutRecord>) => void;
  progress: Pick<RunProgress, 'findings' | 'explorations' | 'reported' | 'laterCuts'>;
}

/** A coming-back that may be cut again. */
interface Candidate {
  trace: Trace;
  comeBack: ComeBack;
}

/** Those that wrote to the same places. */
interface Alike {
  set: WrittenSet;
  candidates: Candidate[];
}

/**
 * Cuts the power again while devices come back from a cut. What is cut is chosen by what was written meanwhile: of each
 * set of places one, those first that show the most new places; then, while boots are left, further ones. Returns where
 * devices came back from these cuts.
 */
export async function cutAgain(context: RunContext, options: CutAgainOptions): Promise<CameBack[]> {
  const { name, from, limits, maxBoots, once, onBoot, progress } = options;
  const alike = alikeOf(from);
  const stage = { name, ended: 'interrupted' as Ended, written: alike.map(({ set }) => set) };
  progress.laterCuts.push(stage);
  const complete = new Set<WrittenSet>();
  const cameBack: CameBack[] = [];
  const turns = turnsOf(alike, once === true ? 1 : Number.POSITIVE_INFINITY);
  let left = maxBoots;
  while (left > 0 && turns.length > 0 && !limits.budget.aborted) {
    const most = Math.floor(left / Math.min(turns.length, Math.max(1, Math.floor(left / leastBoots))));
    const { set, candidate } = turns.shift() as (typeof turns)[number];
    const cameAgain = await comeBackAgain(context, candidate, options);
    if (cameAgain === undefined) break;
    const { again, windows } = cameAgain;
    await using opened = await openExploration(context, again, windows, limits, onBoot);
    const { exploration } = opened;
    const described = describeTrace(context, again, windows, await targetsOf(context, again));
    progress.explorations.push({ stage: name, opened, described });
    await exploration.decideAll(most);
    left -= exploration.boots.length;
    const { all, decided } = exploration.whole;
    set.cuts.push({ cut: candidate.comeBack.id, states: all, decided });
    if (exploration.ended.whole === 'complete') complete.add(set);
    await reportFailures(context, opened, progress);
    cameBack.push({ trace: again, comeBacks: opened.comeBacks });
  }
  // Without a set nothing shows that there was time to look for one.
  const isSpent = limits.budget.aborted && complete.size === 0;
  const isComplete = !isSpent && alike.every(({ set }) => complete.has(set));
  stage.ended = isComplete ? 'complete' : left > 0 && limits.budget.aborted ? 'budget' : 'bound';
  return cameBack;
}

/** Comings-back that wrote anything, each once, by the set of places that they wrote to. */
function alikeOf(from: readonly CameBack[]): Alike[] {
  const sets = new Map<string, Alike>();
  const known = new Set<string>();
  for (const { trace, comeBacks } of from)
    for (const comeBack of comeBacks) {
      const { places, id } = comeBack;
      if (places.length === 0) continue;
      const key = JSON.stringify(places);
      const alike = sets.get(key) ?? { set: { places, boots: 0, cuts: [] }, candidates: [] };
      sets.set(key, alike);
      alike.set.boots += 1;
      if (!known.has(id)) alike.candidates.push({ trace, comeBack });
      known.add(id);
    }
  return mostNewFirst([...sets.values()]);
}

/** So that each in turn has the most places that none before it has. */
function mostNewFirst(sets: readonly Alike[]): Alike[] {
  const rest = [...sets];
  const seen = new Set<string>();
  const ordered: Alike[] = [];
  const fresh = ({ set }: Alike) => set.places.filter((place) => !seen.has(place)).length;
  while (rest.length > 0) {
    const best = rest.reduce((one, other) => (fresh(other) > fresh(one) ? other : one));
    rest.splice(rest.indexOf(best), 1);
    for (const place of best.set.places) seen.add(place);
    ordered.push(best);
  }
  return ordered;
}

/** The first of each set, then the second of each, and so on, `most` of each at most. */
function turnsOf(alike: readonly Alike[], most: number): { set: WrittenSet; candidate: Candidate }[] {
  const rounds = Math.min(most, Math.max(0, ...alike.map(({ candidates }) => candidates.length)));
  return Array.from({ length: rounds }, (_, round) =>
    alike.flatMap(({ set, candidates }) => {
      const candidate = candidates[round];
      return candidate === undefined ? [] : [{ set, candidate }];
    }),
  ).flat();
}

/**
 * Lets a device come back once more, and keeps what it writes: the trace that is cut now. Undefined where the budget ended
 * while it waited for its place.
 */
async function comeBackAgain(
  context: RunContext,
  { trace, comeBack: { state, window, id } }: Candidate,
  { name, limits: { budget } }: CutAgainOptions,
): Promise<{ again: Trace; windows: Window[] } | undefined> {
  const booted = await context.vm(async () =>
    budget.aborted
      ? undefined
      : bootState(
          context,
          { trace, state, window },
          { label: `${id}-again`, retry: false, keepWrites: true },
        ),
  );
  if (booted === undefined) return undefined;
  const { stages, log, arenaPath } = booted;
  const again: Trace = {
    ...trace,
    name: `${id}/`,
    log,
    arenaPath,
    sha256: sha256(`${trace.sha256} ${await recordingDigest(storeLog(log), arenaPath)}`),
    after: { trace, state },
  };
  return { again, windows: [{ upgrade: window.upgrade, phase: name, from: 0, to: stages[0]?.at ?? 0 }] };
}
