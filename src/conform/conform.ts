import type { CleanupStack } from '../core/cleanup.ts';
import { DeviceStopped, problemOf, secondsSince } from '../device/checklist.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Ability, CaseRecord, CaseVerdict } from '../model/conformance.ts';
import type { StepRecord } from '../model/record.ts';
import { whyNotApplicable } from './applicable.ts';
import type { GroupedCase } from './cases/index.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { Preconditions, type Prepared } from './preconditions.ts';
import type { Cast } from './roles.ts';
import { runCase } from './run-case.ts';
import { type MakeWrong, withWrongReleases } from './wrong-releases.ts';

/** What the suite is done with. */
export interface Suite {
  cases: readonly GroupedCase[];
  cast: Cast;
  makeWrong: MakeWrong;
  /** Told of each case that has ended. */
  onCase: (record: CaseRecord) => void;
}

/**
 * Does every case, as many at a time as machines may run; trouble with one does not stop the others. Returns the records in
 * the order of the cases.
 */
export async function conform(
  context: RunContext,
  { cases, cast, makeWrong, onCase }: Suite,
  stack: CleanupStack,
): Promise<CaseRecord[]> {
  const preconditions = new Preconditions(context, cast, stack);
  return Promise.all(
    cases.map(async (one) => {
      const record = await recordOf(context, one, { preconditions, cast, makeWrong });
      onCase(record);
      return record;
    }),
  );
}

async function recordOf(
  context: RunContext,
  one: GroupedCase,
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
  const untried = unclaimed.filter((ability) => ability === 'rollback' || ability === 'server');
  // Nobody can be asked to do what there is no command for.
  if (untried.length > 0)
    return {
      ...{ ...decided, verdict: 'ability-missing', ...untold },
      reason: `the agent does not claim ${untried.join(', ')}`,
    };
  const started = performance.now();
  try {
    const offering = await withWrongReleases(context, one, cast, makeWrong);
    if (typeof offering === 'string') return notApplicable(offering);
    const prepared = await reached(preconditions, one);
    if ('reason' in prepared)
      return { ...decided, verdict: 'unknown', seconds: secondsSince(started), ...prepared };
    const { steps, notes } = await context.vm(() => runCase(offering, one, prepared, cast));
    const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
    return { ...decided, ...verdictOf(steps, unclaimed), seconds, steps, notes };
  } catch (error) {
    const problem = problemOf(error, context.folder);
    return { ...decided, verdict: 'error', seconds: secondsSince(started), steps: [], notes: [], problem };
  }
}

/** The device that a case begins with, or why there is none: the case is not decided then. */
async function reached(
  preconditions: Preconditions,
  { from }: ConformanceCase,
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
