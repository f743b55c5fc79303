import { join } from 'node:path';
import type { RunContext } from '../device/run-context.ts';
import type { ExploredBoot } from '../explore/boot.ts';
import type { CutRecord, Ended, WrittenSet } from '../model/record.ts';
import type { LaterCut } from '../model/scenario.ts';
import { recordingDigest } from '../recording/recordings.ts';
import type { Trace } from '../recording/trace.ts';
import type { WriteLog } from '../writelog/log.ts';
import { storeLog } from '../writelog/stored-log.ts';
import type { Window } from '../writelog/windows.ts';
import { bootState } from './boot-state.ts';
import { describeTrace } from './described-trace.ts';
import { reportFailures } from './failures.ts';
import { type RecordedGround, traceDigest } from './grounds.ts';
import { type ExploreOptions, openExploration } from './open-exploration.ts';
import type { RunProgress } from './power-cuts.ts';
import { type CameBack, leastBoots, nameOf, StageGrounds } from './stage-grounds.ts';
import { targetsOf } from './write-targets.ts';
import { type Candidate, WrittenSets } from './written-sets.ts';

/** What a stage of later cuts works with. */
export interface CutAgainOptions {
  name: LaterCut;
  from: readonly CameBack[];
  limits: ExploreOptions;
  /** Boots of one path after this cut. */
  maxBoots: number;
  /** Whether one of each set of places is enough. */
  once?: true;
  /** Whether it is looked for what failures are to be blamed on; absent: yes. */
  explained?: boolean;
  onBoot: (boot: ExploredBoot<CutRecord>) => void;
  progress: Pick<RunProgress, 'findings' | 'explorations' | 'reported' | 'laterCuts'>;
}

/**
 * Cuts the power again while devices come back from a cut. What is cut is chosen by what was written meanwhile: of each
 * set of places one, those first that show the most new places; then, while boots are left, further ones. With a ledger a
 * ground that was recorded is taken from there, with its boots. Returns where devices came back from these cuts.
 */
export async function cutAgain(context: RunContext, options: CutAgainOptions): Promise<CameBack[]> {
  const { name, from, limits, maxBoots, once, explained = true, onBoot, progress } = options;
  const { ledger, budget } = limits;
  const written = new WrittenSets();
  for (const { trace, comeBacks } of from) for (const comeBack of comeBacks) written.add(trace, comeBack);
  const stage = { name, ended: 'interrupted' as Ended, written: written.sets };
  progress.laterCuts.push(stage);
  const complete = new Set<WrittenSet>();
  const cameBack: CameBack[] = [];
  const grounds = new StageGrounds(ledger, from);
  const total = () => grounds.boots(written);
  for (;;) {
    context.signal.throwIfAborted();
    const chosen = await grounds.choose(name, written, {
      turns: () => {
        stage.written = written.sets;
        return written
          .turns(once === true ? 1 : Number.POSITIVE_INFINITY)
          .filter(({ candidate }) => !grounds.isTaken(candidate));
      },
      ...{ maxBoots, budget },
    });
    if (chosen === undefined) break;
    if (chosen === 'elsewhere') {
      await grounds.pause();
      continue;
    }
    const { set, candidate, turns, over } = chosen;
    const left = maxBoots - grounds.taken;
    const most = Math.floor(left / Math.min(turns, Math.max(1, Math.floor(left / leastBoots))));
    const cameAgain = await comeBackAgain(context, candidate, options, grounds).finally(over);
    // What cannot be read is one that nobody has recorded.
    if (cameAgain === 'unreadable') continue;
    grounds.take(candidate, 0);
    if (cameAgain === undefined) continue;
    const { again, windows } = cameAgain;
    await using opened = await openExploration(context, again, windows, limits, onBoot);
    const { exploration } = opened;
    const described = describeTrace(context, again, windows, await targetsOf(context, again));
    progress.explorations.push({ stage: name, opened, described });
    await exploration.decideAll((taken) => {
      // Of those of others, what decides nothing new is not taken.
      const boots = Math.max(taken, (ledger?.bootsOf(again) ?? 0) + (ledger?.elsewhere(again).length ?? 0));
      return boots < most && grounds.boots(written, candidate) + boots < maxBoots;
    });
    grounds.take(candidate, exploration.boots.length);
    const { all, decided } = exploration.whole;
    set.cuts.push({ cut: candidate.comeBack.id, states: all, decided });
    if (exploration.ended.whole === 'complete') complete.add(set);
    await reportFailures(context, opened, progress, { explained });
    cameBack.push({ trace: again, comeBacks: opened.comeBacks });
  }
  // Without a set nothing shows that there was time to look for one.
  const isSpent = budget.aborted && complete.size === 0;
  const isComplete = !isSpent && stage.written.every((set) => complete.has(set));
  stage.ended = isComplete ? 'complete' : total() < maxBoots && budget.aborted ? 'budget' : 'bound';
  return cameBack;
}

/**
 * What a device writes that comes back once more, the trace that is cut now: recorded here, unless somebody has. Undefined
 * where the budget ended while it waited for its place.
 */
async function comeBackAgain(
  context: RunContext,
  candidate: Candidate,
  { name, limits: { budget, ledger } }: CutAgainOptions,
  grounds: StageGrounds,
): Promise<{ again: Trace; windows: Window[] } | 'unreadable' | undefined> {
  const { trace, comeBack } = candidate;
  const { state, window, id, places } = comeBack;
  const { upgrade } = window;
  const from = (
    ground: Pick<RecordedGround, 'sha256' | 'state' | 'recording' | 'until'>,
    log: WriteLog,
    arenaPath: string,
  ) => ({
    again: { ...trace, name: `${id}/`, log, arenaPath, sha256: traceDigest(ground), after: { trace, state } },
    windows: [{ upgrade, phase: name, from: 0, to: ground.until }],
  });
  const fromLedger = async () => {
    const recorded = grounds.recorded(candidate);
    if (recorded === undefined || ledger === undefined) return undefined;
    const arenaPath = join(context.workspace, `recorded-${id.replaceAll('/', '_')}.arena`);
    const log = await ledger.openGround(recorded, arenaPath);
    return log === undefined ? 'unreadable' : from(recorded, log, arenaPath);
  };
  const known = await fromLedger();
  if (known !== undefined) return known;
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
  const text = storeLog(log);
  const recording = await recordingDigest(text, arenaPath);
  const ground = { ...nameOf(candidate), upgrade, places, recording, until: stages[0]?.at ?? 0 };
  await ledger?.keepGround(ground, text, arenaPath);
  return from(ground, log, arenaPath);
}
