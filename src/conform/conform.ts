import type { CleanupStack } from '../core/cleanup.ts';
import { isInterruption } from '../core/errors.ts';
import { DeviceStopped, problemOf, secondsSince } from '../device/checklist.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Ability, CaseRecord, CaseVerdict } from '../model/conformance.ts';
import type { StepRecord } from '../model/record.ts';
import { whyNotApplicable } from './applicable.ts';
import { CaseBudget } from './case-budget.ts';
import type { GroupedCase } from './cases/index.ts';
import type { DeviceCase, PowerCase } from './conformance-case.ts';
import { Explorations } from './explore-part.ts';
import { isDecided } from './kept-cases.ts';
import { PowerTraces } from './power-traces.ts';
import { Preconditions, type Prepared } from './preconditions.ts';
import type { Cast } from './roles.ts';
import { runCase } from './run-case.ts';
import { runPowerCase } from './run-power-case.ts';
import { type MakeWrong, withWrongReleases } from './wrong-releases.ts';

/** What earlier runs have come to, and where this one's verdicts go. */
export interface EarlierCases {
  find: (one: GroupedCase) => Promise<CaseRecord | undefined>;
  keep: (one: GroupedCase, record: CaseRecord) => Promise<void>;
}

/** What the suite is done with. */
export interface Suite {
  cases: readonly GroupedCase[];
  cast: Cast;
  makeWrong: MakeWrong;
  /** Milliseconds for each case about power. */
  budgetMs: number;
  kept: EarlierCases;
  /** Told of each case that has ended. */
  onCase: (record: CaseRecord) => void;
}

/**
 * Does every case, as many at a time as machines may run; those about power after all others, one at a time, so that
 * nothing else uses their budget up. What an earlier run has decided is not done again. Trouble with one does not stop the others.
 * Returns the records in the order of the cases.
 */
export async function conform(
  context: RunContext,
  { cases, cast, makeWrong, budgetMs, kept, onCase }: Suite,
  stack: CleanupStack,
): Promise<CaseRecord[]> {
  const preconditions = new Preconditions(context, cast, stack);
  const done = new Map<GroupedCase, CaseRecord>();
  const decide = async (one: GroupedCase, work: () => Promise<CaseRecord>) => {
    const known = await kept.find(one);
    const record = known ?? (await work());
    done.set(one, record);
    onCase(record);
    if (known === undefined && isDecided(record)) await kept.keep(one, record);
  };
  await Promise.all(
    cases.map(async (one) => {
      if ('ask' in one) return;
      await decide(one, () => recordOf(context, one, { preconditions, cast, makeWrong }));
    }),
  );
  const budget = new CaseBudget(budgetMs);
  const explorations = new Explorations(new PowerTraces(context, cast), budget, stack);
  for (const one of cases)
    if ('ask' in one) await decide(one, () => powerRecordOf(context, one, { explorations, budget, cast }));
  return cases.flatMap((one) => done.get(one) ?? []);
}

/** What nobody can be asked to do who does not claim it: there is no command for it, no server, no script in a bundle. */
const untriable: readonly Ability[] = ['rollback', 'server', 'stateScripts'];

async function recordOf(
  context: RunContext,
  one: GroupedCase & DeviceCase,
  { preconditions, cast, makeWrong }: { preconditions: Preconditions; cast: Cast; makeWrong: MakeWrong },
): Promise<CaseRecord> {
  const { id, group, title, needs } = one;
  const decided = { id, group, title };
  const untold = { seconds: 0, steps: [], notes: [] };
  const notApplicable = (reason: string): CaseRecord => ({
    ...{ ...decided, verdict: 'not-applicable', ...untold },
    reason,
  });
  const reason = whyNotApplicable(context, one, cast);
  if (reason !== undefined) return notApplicable(reason);
  const unclaimed = needs.filter((ability) => !context.agent.abilities.includes(ability));
  const untried = unclaimed.filter((ability) => untriable.includes(ability));
  if (untried.length > 0)
    return {
      ...{ ...decided, verdict: 'ability-missing', ...untold },
      reason: `the agent does not claim ${untried.join(', ')}`,
    };
  let started = performance.now();
  try {
    const offering = await withWrongReleases(context, one, cast, makeWrong);
    if (typeof offering === 'string') return notApplicable(offering);
    const prepared = await reached(preconditions, one);
    if ('reason' in prepared)
      return { ...decided, verdict: 'unknown', seconds: secondsSince(started), ...prepared };
    const { steps, notes } = await context.vm(() => {
      started = performance.now();
      return runCase(offering, one, prepared, cast);
    });
    const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
    return { ...decided, ...verdictOf(steps, unclaimed), seconds, steps, notes };
  } catch (error) {
    return { ...decided, ...untold, seconds: secondsSince(started), ...brokenOff(error, context) };
  }
}

/** What is said of a case that did not come to its end: who interrupts a suite has broken nothing. */
function brokenOff(
  error: unknown,
  { folder }: Pick<RunContext, 'folder'>,
): Pick<CaseRecord, 'verdict' | 'reason' | 'problem'> {
  const problem = problemOf(error, folder);
  if (!isInterruption(error)) return { verdict: 'error', problem };
  return { verdict: 'unknown', reason: `not done: ${problem.message}` };
}

/** A case about power, decided by crash states. */
async function powerRecordOf(
  context: RunContext,
  one: GroupedCase & PowerCase,
  { explorations, budget, cast }: { explorations: Explorations; budget: CaseBudget; cast: Cast },
): Promise<CaseRecord> {
  const { id, group, title, needs } = one;
  const decided = { id, group, title };
  const untold = { seconds: 0, steps: [], notes: [] };
  if (cast.new === undefined)
    return { ...decided, verdict: 'not-applicable', ...untold, reason: 'there is no release to upgrade to' };
  const unclaimed = needs.filter((ability) => !context.agent.abilities.includes(ability));
  if (unclaimed.length > 0)
    return {
      ...{ ...decided, verdict: 'ability-missing', ...untold },
      reason: `the agent does not claim ${unclaimed.join(', ')}`,
    };
  const started = performance.now();
  try {
    const { steps, findings, ...run } = await runPowerCase(one, explorations, budget);
    const problem = steps.find((step) => step.verdict === 'failed')?.problem;
    return {
      ...{ ...decided, ...run, steps, seconds: secondsSince(started) },
      ...(problem === undefined ? {} : { problem }),
      ...(findings.length === 0 ? {} : { findings }),
    };
  } catch (error) {
    return { ...decided, ...untold, seconds: secondsSince(started), ...brokenOff(error, context) };
  }
}

/** The device that a case begins with, or why there is none: the case is not decided then. */
async function reached(
  preconditions: Preconditions,
  { from }: DeviceCase,
): Promise<Prepared | { reason: string; steps: StepRecord[]; notes: string[] }> {
  try {
    return await preconditions.get(from);
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
    return { reason: `no device could be made ${from}: ${error.message}`, steps: [error.step], notes: [] };
  }
}

/** What the steps of a case come to. What an agent does not claim is told and not judged. */
function verdictOf(
  steps: readonly StepRecord[],
  unclaimed: readonly Ability[],
): Pick<CaseRecord, 'problem' | 'reason'> & { verdict: CaseVerdict } {
  const failed = steps.find(({ verdict }) => verdict !== 'passed');
  const happened =
    failed === undefined ? 'it holds all the same' : `${failed.name}: ${failed.problem?.message ?? 'failed'}`;
  if (unclaimed.length > 0)
    return {
      verdict: 'ability-missing',
      reason: `the agent does not claim ${unclaimed.join(', ')}; ${happened}`,
    };
  if (failed === undefined) return { verdict: 'passed' };
  return { verdict: 'failed', reason: happened, ...(failed.problem && { problem: failed.problem }) };
}
