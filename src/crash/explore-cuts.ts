import { allOrStop } from '../core/all-or-stop.ts';
import { CleanupStack } from '../core/cleanup.ts';
import { isInterruption } from '../core/errors.ts';
import type { RunContext } from '../device/run-context.ts';
import type { ExploredBoot } from '../explore/boot.ts';
import type { Budget } from '../explore/exploration-parts.ts';
import { exploreSoundly, isMismatch } from '../explore/raw-again.ts';
import type { CutRecord } from '../model/record.ts';
import { laterCuts } from '../model/scenario.ts';
import type { Shard } from '../model/shard.ts';
import type { Recording } from '../recording/recordings.ts';
import type { Trace } from '../recording/trace.ts';
import { BootLedger, type SharedLedger } from './boot-ledger.ts';
import { cutAgain } from './cut-again.ts';
import { kindCounter } from './decided-kinds.ts';
import { cutWindows, describeCuttable } from './described-trace.ts';
import { noteUnreported, reportFailures } from './failures.ts';
import { liveOnce } from './kept-live-cut.ts';
import { type ExploreOptions, openExploration, type TraceExploration } from './open-exploration.ts';
import { takeOverOf } from './part.ts';
import { liveJobs, noStates, type RunProgress, traceOf } from './power-cuts.ts';
import type { CameBack } from './stage-grounds.ts';

/** Bounds of the later questions. */
export interface ExploreLimits
  extends Omit<ExploreOptions, 'kinds' | 'budget' | 'auditBudget' | 'ledger' | 'share'> {
  /** Boots of one path after a second cut, and as many after each further one. */
  secondCutBoots: number;
  /** Whether boots that earlier runs have made of the same recording count. */
  reuse: boolean;
  /** The part of the states that is this worker's; what is about all of them is left to whoever merges. Absent: all. */
  shard?: Shard | undefined;
  /** Where boots are kept that workers share; absent: with the recording. */
  ledger?: SharedLedger | undefined;
  /** Milliseconds after which no boot is begun; undefined: no limit. */
  budgetMs: number | undefined;
  /** Whether findings are written once more, so that they replay without the image; absent: no. */
  carry?: boolean;
}

/** Share of the budget that is kept for audits: what is decided in the rest must be shown to hold. */
const auditsOfBudget = 0.25;

/** Decides every crash state of the recordings. Returns what is left of the whole budget, that of audits included. */
export async function exploreCuts(
  context: RunContext,
  limits: ExploreLimits,
  sound: readonly Recording[],
  progress: RunProgress,
): Promise<Budget> {
  const { during, states: kinds, inARow = 2 } = context.scenario.powerCuts;
  const { budgetMs, shard, ledger: shared, carry = false, ...given } = limits;
  const bounds = shard === undefined ? given : boundsOf(shard, given, shared?.live === true);
  const { auditLeast, auditShare } = bounds;
  const within = (share: number) =>
    budgetMs === undefined ? new AbortController().signal : AbortSignal.timeout(Math.floor(budgetMs * share));
  const retryBoots = context.scenario.expect.retry === 'succeeds' ? bounds.retryBoots : 0;
  const timed = () => ({
    ...{ ...bounds, kinds, retryBoots },
    budget: within(auditLeast + auditShare > 0 ? 1 - auditsOfBudget : 1),
    auditBudget: within(1),
  });
  const cutsAgain = during.includes('second-cut') && bounds.secondCutBoots > 0;
  const again = cutsAgain ? laterCuts.slice(0, inARow - 1) : [];
  progress.stages = ['whole', ...(retryBoots > 0 ? (['retry'] as const) : []), ...again];
  const countKinds = kindCounter();
  const note = (cut: CutRecord) => {
    progress.cuts.push(cut);
    const whole = progress.explorations.filter(({ stage }) => stage === 'whole');
    const sum = (of: 'all' | 'decided') =>
      whole.reduce((total, { opened }) => total + opened.exploration.whole[of], 0);
    const kinds = countKinds(whole.map(({ opened }) => opened.exploration.whole)) ?? [];
    const states = { decided: sum('decided'), all: sum('all'), kinds };
    context.emit({ type: 'cut', run: context.runId, done: progress.cuts.length, total: 0, cut, states });
  };
  const onBoot = ({ record, decides, retry }: ExploredBoot<CutRecord>) => {
    const of = retry === undefined ? 'whole' : 'retry';
    const stage = laterCuts.find((name) => name === record.during) ?? of;
    note({ ...record, stage, decides: decides[of] });
  };
  context.emit({ type: 'phase', run: context.runId, phase: 'power cuts', detail: 'every crash state' });
  const openLedger = async (recording: Recording, canonical: boolean) =>
    limits.reuse ? BootLedger.open(context, recording, { canonical, shared }) : undefined;
  const ledgers = await Promise.all(sound.map((recording) => openLedger(recording, limits.canonical)));
  const cutLive = shard === undefined ? sound.slice(0, 1) : [];
  const live = cutLive.flatMap((recording) =>
    liveJobs(context, [recording]).map(async (job) =>
      note(await liveOnce(context, recording, ledgers[0], job)),
    ),
  );
  // With one place for a device a live cut has it first, and takes none of the time that boots have.
  const inTime = context.vm(timed);
  const takeOver = shared?.live === true ? takeOverOf(sound.length) : () => undefined;
  const explored = sound.map(async (recording, position) => {
    const options = await inTime;
    const trace = traceOf(recording);
    const windows = cutWindows(context, trace);
    await using stack = new CleanupStack();
    const part = { position, of: sound.length, takeOver: takeOver(position) };
    const share = shard === undefined ? {} : { share: { shard, ...part } };
    let inUse: BootLedger | undefined;
    const open = async (canonical: boolean, ledger: BootLedger | undefined) => {
      inUse = ledger;
      const opened = await openExploration(
        context,
        trace,
        windows,
        { ...options, ...share, canonical, ...(ledger === undefined ? {} : { ledger }) },
        onBoot,
      );
      stack.use('exploration', opened);
      stack.defer('word of boots that are kept', () => tellKept(context, opened, ledger, shared));
      return opened;
    };
    const first = await open(limits.canonical, ledgers[position]);
    const described = await describeCuttable(context, trace);
    const entry: RunProgress['explorations'][number] = { stage: 'whole', opened: first, described };
    progress.explorations.push(entry);
    const opened = await exploreSoundly(first, async () => {
      context.notice(`${trace.name}: ${rawAgainText}`);
      await first[Symbol.asyncDispose]();
      forgetDecided(progress, trace);
      entry.opened = await open(false, await openLedger(recording, false));
      entry.rawAgain = true;
      return entry.opened;
    });
    const asExplored = {
      ...options,
      ...(entry.rawAgain === true ? { canonical: false } : {}),
      ...(inUse === undefined ? {} : { ledger: inUse }),
    };
    let from: CameBack[] = [opened];
    for (const name of again)
      from = await cutAgain(context, {
        ...{ name, from, limits: asExplored, maxBoots: bounds.secondCutBoots },
        ...{ onBoot, progress, explained: shard === undefined },
      });
    await reportFailures(context, opened, progress, { explained: shard === undefined, carry });
    return opened.exploration.boots.length;
  });
  const works = [...explored, ...live.map((job) => job.then(() => 0))];
  const counts = await allOrStop(works, context.stop).catch((error: unknown) => {
    // What was seen to fail has failed, though nothing holds that was decided without a boot.
    if (isInterruption(error) || isMismatch(error)) noteUnreported(context, progress);
    throw error;
  });
  const isEmpty = shard === undefined && counts.every((count) => count === 0);
  if (isEmpty && progress.cuts.length === 0) throw noStates(context);
  return (await inTime).auditBudget;
}

/**
 * The bounds of one of several workers. What is asked of all states together is shared out, or done by whoever has time
 * where they hear of each other; other random numbers are left to whoever merges.
 */
function boundsOf<T extends Pick<ExploreLimits, 'auditLeast' | 'retryBoots' | 'secondCutBoots'>>(
  { count }: Shard,
  bounds: T,
  isLive: boolean,
): T & { chanceBoots: 0 } {
  const shared = (boots: number) => (isLive ? boots : Math.ceil(boots / count));
  return {
    ...bounds,
    auditLeast: shared(bounds.auditLeast),
    retryBoots: shared(bounds.retryBoots),
    chanceBoots: 0,
    secondCutBoots: shared(bounds.secondCutBoots),
  };
}

/** Says that a run which decided not all may be begun again, and goes on from there. */
function tellKept(
  { notice }: RunContext,
  { trace, exploration }: TraceExploration,
  ledger: BootLedger | undefined,
  shared: SharedLedger | undefined,
): void {
  const { kept = 0 } = ledger ?? {};
  if (exploration.ended.whole === 'complete' || kept === 0) return;
  const boots = kept === 1 ? 'one boot that passed is' : `${kept} boots that passed are`;
  const goesOn =
    shared === undefined || shared.live
      ? 'the same command goes on from there'
      : `brownout report merge takes them from ${shared.folder}`;
  notice(`${trace.name}: ${boots} kept, and ${goesOn}`);
}

/** What is said where audits show that a device reads what canonical forms leave out. */
const rawAgainText =
  'an audit came to another end than what was decided by canonical forms; exploring it again, sector by sector';

/** The boots of an exploration that does not stand have decided nothing but their own states. */
function forgetDecided({ cuts }: RunProgress, { name }: Trace): void {
  for (const [i, cut] of cuts.entries())
    if (cut?.id.startsWith(`${name}.`) === true) cuts[i] = { ...cut, decides: 0 };
}
