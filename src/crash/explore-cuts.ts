import { allOrStop } from '../core/all-or-stop.ts';
import { CleanupStack } from '../core/cleanup.ts';
import { sha256 } from '../core/digest.ts';
import type { RunContext } from '../device/run-context.ts';
import type { ExploredBoot } from '../explore/boot.ts';
import { exploreSoundly } from '../explore/raw-again.ts';
import { type CutRecord, type Ended, worstEnd } from '../model/record.ts';
import { type Recording, recordingDigest } from '../recording/recordings.ts';
import type { Trace } from '../recording/trace.ts';
import { storeLog } from '../writelog/stored-log.ts';
import { windowsOf } from '../writelog/windows.ts';
import { bootState } from './boot-state.ts';
import { reportFailures } from './failures.ts';
import { type ExploreOptions, openExploration, type TraceExploration } from './open-exploration.ts';
import { liveJobs, noStates, type RunProgress, traceOf } from './power-cuts.ts';

/** Bounds of the later questions. */
export interface ExploreLimits extends Omit<ExploreOptions, 'kinds' | 'budget' | 'auditBudget'> {
  /** Boots of one path after a second cut. */
  secondCutBoots: number;
  /** Milliseconds after which no boot is begun; undefined: no limit. */
  budgetMs: number | undefined;
}

/** Share of the budget that is kept for audits: what is decided in the rest must be shown to hold. */
const auditsOfBudget = 0.25;

/** States whose coming back is cut again, of one path. */
const secondCutTraces = 2;

/** Decides every crash state of the recordings. */
export async function exploreCuts(
  context: RunContext,
  limits: ExploreLimits,
  sound: readonly Recording[],
  progress: RunProgress,
): Promise<void> {
  const { during, states: kinds } = context.scenario.powerCuts;
  const { budgetMs, auditLeast, auditShare } = limits;
  const within = (share: number) =>
    budgetMs === undefined ? new AbortController().signal : AbortSignal.timeout(Math.floor(budgetMs * share));
  const retryBoots = context.scenario.expect.retry === 'succeeds' ? limits.retryBoots : 0;
  const options = {
    ...limits,
    kinds,
    retryBoots,
    budget: within(auditLeast + auditShare > 0 ? 1 - auditsOfBudget : 1),
    auditBudget: within(1),
  };
  const cutsAgain = during.includes('second-cut') && limits.secondCutBoots >= secondCutTraces;
  progress.stages = [
    'whole',
    ...(retryBoots > 0 ? (['retry'] as const) : []),
    ...(cutsAgain ? (['second-cut'] as const) : []),
  ];
  const note = (cut: CutRecord) => {
    progress.cuts.push(cut);
    const whole = progress.explorations.filter(({ stage }) => stage === 'whole');
    const sum = (of: 'all' | 'decided') =>
      whole.reduce((total, { opened }) => total + opened.exploration.whole[of], 0);
    const states = { decided: sum('decided'), all: sum('all') };
    context.emit({ type: 'cut', run: context.runId, done: progress.cuts.length, total: 0, cut, states });
  };
  const onBoot = ({ record, decides, retry }: ExploredBoot<CutRecord>) => {
    const of = retry === undefined ? 'whole' : 'retry';
    const stage = record.during === 'second-cut' ? 'second-cut' : of;
    note({ ...record, stage, decides: decides[of] });
  };
  context.emit({ type: 'phase', run: context.runId, phase: 'power cuts', detail: 'every crash state' });
  const live = liveJobs(context, sound).map(async (job) => note(await context.vm(job)));
  const explored = sound.map(async (recording) => {
    const trace = traceOf(recording);
    const windows = windowsOf(trace.log).filter(({ phase }) => during.some((name) => name === phase));
    await using stack = new CleanupStack();
    const open = async (canonical: boolean) =>
      stack.use(
        'exploration',
        await openExploration(context, trace, windows, { ...options, canonical }, onBoot),
      );
    const first = await open(limits.canonical);
    const entry: RunProgress['explorations'][number] = { stage: 'whole', opened: first };
    progress.explorations.push(entry);
    const opened = await exploreSoundly(first, async () => {
      context.notice(`${trace.name}: ${rawAgainText}`);
      await first[Symbol.asyncDispose]();
      forgetDecided(progress, trace);
      entry.opened = await open(false);
      entry.rawAgain = true;
      return entry.opened;
    });
    if (cutsAgain)
      progress.secondCuts.push(await cutAgain(context, opened, { limits: options, onBoot, progress }));
    await reportFailures(context, opened, progress);
    return opened.exploration.boots.length;
  });
  const counts = await allOrStop([...explored, ...live.map((job) => job.then(() => 0))], context.stop);
  if (counts.every((count) => count === 0) && progress.cuts.length === 0) throw noStates(context);
}

/** What is said where audits show that a device reads what canonical forms leave out. */
const rawAgainText =
  'an audit came to another end than what was decided by canonical forms; exploring it again, sector by sector';

/** The boots of an exploration that does not stand have decided nothing but their own states. */
function forgetDecided({ cuts }: RunProgress, { name }: Trace): void {
  for (const [i, cut] of cuts.entries())
    if (cut?.id.startsWith(`${name}.`) === true) cuts[i] = { ...cut, decides: 0 };
}

/**
 * Cuts the power again while devices come back from a cut: all states of what a few of them wrote, up to a bound. Says
 * how that ended.
 */
async function cutAgain(
  context: RunContext,
  { trace, exploration }: TraceExploration,
  {
    limits,
    onBoot,
    progress,
  }: {
    limits: ExploreLimits & ExploreOptions;
    onBoot: (boot: ExploredBoot<CutRecord>) => void;
    progress: RunProgress;
  },
): Promise<Ended> {
  const isSpent = () => limits.budget.aborted;
  if (isSpent()) return 'budget';
  const sound = exploration.boots.filter(({ whole }) => whole.verdict === 'passed');
  // Part of the seed: with another word the same seed would choose other states.
  const random = context.random.fork(`recovery ${trace.name}`);
  const chosen = random.shuffle(sound).slice(0, secondCutTraces);
  const maxBoots = Math.floor(limits.secondCutBoots / secondCutTraces);
  const ends: Ended[] = [];
  for (const { state, window, record } of chosen) {
    if (isSpent()) return 'budget';
    const { stages, log, arenaPath } = await context.vm(() =>
      bootState(
        context,
        { trace, state, window },
        { label: `${record.id}-again`, retry: false, keepWrites: true },
      ),
    );
    const to = stages[0]?.at ?? 0;
    const again: Trace = {
      ...trace,
      name: `${record.id}/`,
      log,
      arenaPath,
      sha256: sha256(`${trace.sha256} ${await recordingDigest(storeLog(log), arenaPath)}`),
      after: { trace, state },
    };
    const windows = [{ upgrade: window.upgrade, phase: 'second-cut', from: 0, to }];
    await using opened = await openExploration(context, again, windows, limits, onBoot);
    progress.explorations.push({ stage: 'second-cut', opened });
    await opened.exploration.decideAll(maxBoots);
    ends.push(opened.exploration.ended.whole);
    await reportFailures(context, opened, progress);
  }
  return worstEnd(ends);
}
