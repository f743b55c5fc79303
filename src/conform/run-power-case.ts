import { cutAgain } from '../crash/cut-again.ts';
import { openExploration } from '../crash/open-exploration.ts';
import { secondsSince } from '../device/checklist.ts';
import type { ExploredBoot, Stage } from '../explore/boot.ts';
import type { ClassCounts } from '../explore/coverage.ts';
import type { CaseVerdict } from '../model/conformance.ts';
import { type CutRecord, type Finding, type StepRecord, worst } from '../model/record.ts';
import { stepText } from '../model/steps.ts';
import { upgradeName, upgradesOf } from '../model/upgrade.ts';
import { windowsOf } from '../writelog/windows.ts';
import type { CaseBudget } from './case-budget.ts';
import type { PowerCase } from './conformance-case.ts';
import type { Explorations, ExploredPart } from './explore-part.ts';
import { withoutFlushes } from './without-flushes.ts';

/** What a power case came to. */
export interface PowerCaseRun {
  verdict: CaseVerdict;
  reason?: string;
  steps: StepRecord[];
  notes: string[];
  findings: Finding[];
}

/** What a question put to states came to. */
interface Decided {
  /** What was asked of which part. */
  at: string;
  upgrade: string;
  states: number;
  decided: number;
  boots: number;
  /** Of those that were to be made; none where that is not asked. */
  audits?: { made: number; asked: number };
  /** Whether nothing was left: no state, no audit, and none given up. */
  complete: boolean;
}

/** Checks whose failure says nothing of whether the release is whole. */
const besideRelease = ['configuration', 'kernel'];

/** Decides the crash states that a case is about, as far as its budget goes. What breaks the harness is thrown. */
export async function runPowerCase(
  { ask, during }: PowerCase,
  explorations: Explorations,
  budget: CaseBudget,
): Promise<PowerCaseRun> {
  const parts: ExploredPart[] = [];
  const notes: string[] = [];
  const none = { steps: [], notes: [], findings: [] };
  for (const part of during) {
    const found = await explorations.part(part);
    if ('unsound' in found) return { verdict: 'unknown', reason: found.unsound, ...none };
    if ('absent' in found) notes.push(`${part}: ${found.absent}`);
    else parts.push(found);
  }
  if (parts.length === 0) return { verdict: 'not-applicable', reason: notes.join('; '), ...none };
  budget.begin();
  if (ask === 'without flushes') return { ...(await withoutAny(parts, explorations, budget)), notes };
  const questions = parts.map((part): Question => {
    const retry = ask === 'retry';
    return {
      work: () => (retry ? explorations.decideRetry(part) : explorations.decideWhole(part)),
      decided: () => decidedOf(part, retry ? 'retry' : 'whole'),
    };
  });
  if (ask === 'second cut') questions.push(secondCut(parts, explorations));
  const steps: JudgedStep[] = [];
  const findings: Finding[] = [];
  for (const { work, decided } of questions) {
    const started = performance.now();
    const found = await work();
    findings.push(...found);
    steps.push(stepOf(decided(), found, secondsSince(started)));
  }
  return { ...verdictOf(steps), steps, notes, findings };
}

/** Something that is asked of crash states. */
interface Question {
  /** Decides them; returns how devices fail. */
  work: () => Promise<Finding[]>;
  /** What it came to. */
  decided: () => Decided;
}

function decidedOf(
  { recorded: { part, trace }, opened: { exploration } }: ExploredPart,
  stage: Stage,
): Decided {
  const { all, decided } = exploration[stage].tally();
  const { auditing, ended, boots } = exploration;
  const states = total(all);
  const audited = stage === 'retry' || auditing.ended === 'complete';
  return {
    at: stage === 'retry' ? `${part}, installed again` : part,
    upgrade: upgradeOf(trace),
    states,
    decided: total(decided),
    boots: boots.filter((boot) => (boot.retry !== undefined) === (stage === 'retry')).length,
    ...(stage === 'whole' ? { audits: { made: auditing.made, asked: auditing.asked } } : {}),
    complete: ended[stage] === 'complete' && total(decided) === states && audited,
  };
}

/** The power fails again while devices come back: of each set of places that they then write to once. */
function secondCut(parts: readonly ExploredPart[], explorations: Explorations): Question {
  const { progress } = explorations;
  const before = progress.explorations.length;
  const [first] = parts;
  const context = first?.recorded.context;
  return {
    work: () =>
      explorations.findingsDuring(async () => {
        if (context === undefined) return;
        await cutAgain(context, {
          ...{ name: 'second-cut', from: parts.map(({ opened }) => opened), progress },
          ...{ maxBoots: Number.POSITIVE_INFINITY, once: true, onBoot: explorations.onBoot(context) },
          limits: { ...explorations.limits, canonical: parts.every(({ rawAgain }) => !rawAgain) },
        });
      }),
    decided: () => {
      const own = progress.explorations.slice(before).map(({ opened }) => opened.exploration);
      const count = (of: 'all' | 'decided') =>
        own.reduce((sum, { whole }) => sum + total(whole.tally()[of]), 0);
      const [states, decided] = [count('all'), count('decided')];
      return {
        ...{ at: 'second cut', upgrade: first === undefined ? '' : upgradeOf(first.recorded.trace) },
        ...{ states, decided },
        boots: own.reduce((sum, { boots }) => sum + boots.length, 0),
        complete: progress.laterCuts.at(-1)?.ended === 'complete' && states === decided,
      };
    },
  };
}

/**
 * Explores the installation as if none of its flushes counted, until a device has come back that is not whole. Where none
 * has, the case proves nothing of those beside it.
 */
async function withoutAny(
  parts: readonly ExploredPart[],
  explorations: Explorations,
  budget: CaseBudget,
): Promise<Omit<PowerCaseRun, 'notes'>> {
  const [first] = parts;
  if (first === undefined) throw new RangeError('there is no installation to take the flushes from');
  const { context, trace } = first.recorded;
  const installs = windowsOf(trace.log).filter(({ phase }) => phase === 'install');
  const [install] = installs;
  if (install === undefined) throw new RangeError('the log has no installation');
  const started = performance.now();
  const seen: { red?: CutRecord } = {};
  const note = explorations.onBoot(context, { mustFail: true });
  const onBoot = (boot: ExploredBoot<CutRecord>) => {
    note(boot);
    if (!isPartOfRelease(boot.record)) return;
    seen.red ??= boot.record;
    budget.end();
  };
  // What no flush could have prevented needs no look.
  const kinds = ['lost', 'subset'] as const;
  const options = { ...explorations.limits, kinds, canonical: true, label: `${trace.name}-without-flushes` };
  await using opened = await openExploration(
    context,
    withoutFlushes(trace, install),
    installs,
    options,
    onBoot,
  );
  const { exploration } = opened;
  await exploration.decideAll();
  const tally = exploration.whole.tally();
  const decided: Decided = {
    ...{ at: 'installation without flushes', upgrade: upgradeOf(trace) },
    ...{ states: total(tally.all), decided: total(tally.decided), boots: exploration.boots.length },
    complete: exploration.ended.whole === 'complete',
  };
  const { red } = seen;
  const step = stepOf(decided, [], secondsSince(started));
  if (red !== undefined) {
    const what = `not whole, as it must be, after ${decided.boots} boots: ${red.outcome} (${red.description})`;
    const console = red.console === undefined ? {} : { console: red.console };
    return {
      verdict: 'passed',
      steps: [{ ...step, verdict: 'passed', note: what, ...console }],
      findings: [],
    };
  }
  return decided.complete
    ? {
        verdict: 'proves-nothing',
        reason: `${countText(decided)}, and all came back whole`,
        steps: [step],
        findings: [],
      }
    : { ...verdictOf([step]), steps: [step], findings: [] };
}

/** Whether a device is not whole for another reason than its owner's files or its kernel's words. */
function isPartOfRelease({ checks }: CutRecord): boolean {
  return checks.some(({ verdict, id }) => verdict === 'failed' && !besideRelease.includes(id.check));
}

/** A suite knows no list of known findings. */
type JudgedStep = StepRecord & { verdict: 'passed' | 'failed' | 'unknown' };

function stepOf(decided: Decided, [finding]: readonly Finding[], seconds: number): JudgedStep {
  const { at, upgrade, complete } = decided;
  const id = { moment: 'case' as const, at: `cut during ${upgrade}, ${at}`, check: 'states' };
  const step = { id, name: stepText(id), seconds };
  if (finding !== undefined) {
    const message = `${finding.message} (${finding.states} states alike)${finding.reason === undefined ? '' : `; because: ${finding.reason}`}; ${finding.token}`;
    return { ...step, verdict: 'failed', problem: { kind: 'device', code: 'cut-not-survived', message } };
  }
  return { ...step, verdict: complete ? 'passed' : 'unknown', note: countText(decided) };
}

function verdictOf(steps: readonly JudgedStep[]): Pick<PowerCaseRun, 'verdict' | 'reason'> {
  const verdict = worst(steps.map((step) => step.verdict));
  const telling = steps.filter((step) => step.verdict === verdict);
  if (verdict === 'passed') return { verdict };
  const texts = telling.map(({ name, note, problem }) => `${name}: ${problem?.message ?? note ?? ''}`);
  return { verdict, reason: `${verdict === 'unknown' ? 'the budget ended first: ' : ''}${texts.join('; ')}` };
}

function countText({ states, decided, boots, audits }: Decided): string {
  const audited = audits === undefined ? '' : `, ${audits.made} of ${audits.asked} audits`;
  return `${decided} of ${states} states by ${boots} boots${audited}`;
}

function upgradeOf({ releases }: { releases: readonly string[] }): string {
  return upgradesOf(releases).map(upgradeName).join(', ');
}

function total(counts: ClassCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
