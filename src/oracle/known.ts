import { globMatcher } from '../core/glob.ts';
import type { KnownAs, KnownRecord } from '../model/known.ts';
import type { MachineName } from '../model/machine.ts';
import { type CutRecord, type Finding, type RunRecord, type StepRecord, worst } from '../model/record.ts';
import {
  type KnownCause,
  type KnownFinding,
  type KnownPhase,
  knownPhases,
  type StateKind,
} from '../model/scenario.ts';
import { isSameStep, type StepId, stepText } from '../model/steps.ts';
import { wayToFail } from './verdict.ts';

/** What of a record the list of known findings changes. */
type Judged = Pick<RunRecord, 'paths' | 'crash' | 'findings' | 'problem'>;

/** The same with what is known, and what became of each entry of the list. */
type WithKnown = Judged & { known: KnownRecord[] };

/** One step or check that failed, as it counts for a cause. */
interface Failure {
  /** Absent where no step fails, but all cuts taken together. */
  step?: StepRecord;
  phase: KnownPhase | undefined;
  kind?: StateKind;
}

/** The entries of a list that are about a machine. */
export function knownOn(
  known: readonly KnownFinding[] | undefined,
  machine: MachineName,
): readonly KnownFinding[] {
  return (known ?? []).filter(({ machines }) => machines?.includes(machine) ?? true);
}

/** Whether an entry counts no more on a day, `2027-03-02`. */
export function isExpired({ until }: Pick<KnownFinding, 'until'>, today: string): boolean {
  return until < today;
}

/**
 * Marks what is on the list. A finding is known if all is that failed in its way: each check of each such boot, by an entry
 * that has not expired on the day of the run. Whatever no entry matches stays as it is.
 */
export function markKnown(judged: Judged, known: readonly KnownFinding[], today: string): WithKnown {
  const appeared = new Set<KnownFinding>();
  const marked = new Map<StepRecord, KnownAs>();
  const findings = judged.findings.map((finding) => {
    const failures = failuresOf(judged, finding);
    const entries = failures.map((failure) =>
      bestOf(
        known.filter(({ cause }) => isOfCause(cause, finding, failure)),
        today,
      ),
    );
    const found = entries.flatMap((entry) => entry ?? []);
    if (found.length === 0 || found.length < entries.length) return finding;
    for (const entry of found) appeared.add(entry);
    const [first] = found;
    const decisive = found.find((entry) => isExpired(entry, today)) ?? first;
    if (decisive === undefined) return finding;
    const as = knownAs(decisive, today);
    for (const { step } of failures) if (step !== undefined) marked.set(step, as);
    return { ...finding, known: as };
  });
  const paths = judged.paths.map((path) => ({
    ...path,
    steps: path.steps.map((step) => mark(step, marked)),
  }));
  const cuts = judged.crash?.cuts.map((cut) => markCut(cut, marked));
  const decided = {
    ...judged,
    paths,
    findings,
    ...(judged.crash === undefined || cuts === undefined ? {} : { crash: { ...judged.crash, cuts } }),
  };
  return {
    ...decided,
    known: known.map((entry) => ({ ...entry, status: statusOf(entry, appeared.has(entry), decided, today) })),
  };
}

function mark(step: StepRecord, marked: ReadonlyMap<StepRecord, KnownAs>): StepRecord {
  const known = marked.get(step);
  if (known === undefined) return step;
  return { ...step, known, ...(known.status === 'known' ? { verdict: 'known' as const } : {}) };
}

function markCut(cut: CutRecord, marked: ReadonlyMap<StepRecord, KnownAs>): CutRecord {
  if (!cut.checks.some((check) => marked.has(check))) return cut;
  const checks = cut.checks.map((check) => mark(check, marked));
  return { ...cut, checks, verdict: worst(checks.map(({ verdict }) => verdict)) };
}

/** An entry that still counts comes before one that does not. */
function bestOf(entries: readonly KnownFinding[], today: string): KnownFinding | undefined {
  return entries.find((entry) => !isExpired(entry, today)) ?? entries[0];
}

function knownAs(entry: KnownFinding, today: string): KnownAs {
  const { until, tracker, why } = entry;
  return { status: isExpired(entry, today) ? 'expired' : 'known', until, tracker, why };
}

/** Everything that failed in the way that a finding tells of. */
function failuresOf({ paths, crash }: Judged, finding: Finding): Failure[] {
  const { step, cut: id } = finding;
  if (id === '')
    return paths
      .filter(({ releases }) => releases.join('->') === finding.during)
      .flatMap(({ steps }) => steps.filter((one) => isFailure(one, step)))
      .map((one) => ({ step: one, phase: 'no-cut' }));
  const cuts = crash?.cuts ?? [];
  const shown = cuts.find(
    (cut) => cut.id === id && (step === undefined || cut.checks.some((check) => isFailure(check, step))),
  );
  if (shown === undefined) return [];
  const of = ({ during, kind }: CutRecord) => ({
    phase: knownPhases.find((phase) => phase === during),
    kind: kind === 'live' ? ('lost' as const) : kind === 'naive' ? ('prefix' as const) : kind,
  });
  if (step === undefined) return [of(shown)];
  // Where each state was booted, a finding is of one check.
  if (shown.stage === undefined) {
    const ways = new Set(
      shown.checks.filter((check) => isFailure(check, step)).map((check) => wayToFail(shown, check)),
    );
    return cuts
      .filter(({ stage }) => stage === undefined)
      .flatMap((cut) =>
        cut.checks
          .filter((check) => isFailure(check, step) && ways.has(wayToFail(cut, check)))
          .map((check) => ({ step: check, ...of(cut) })),
      );
  }
  return cuts
    .filter((cut) => isAlike(cut, shown) && cut.checks.some((check) => isFailure(check, step)))
    .flatMap((cut) =>
      cut.checks.filter(({ verdict }) => verdict === 'failed').map((check) => ({ step: check, ...of(cut) })),
    );
}

/** Whether two boots are one way to fail; a live cut has no stage. */
function isAlike(cut: CutRecord, shown: CutRecord): boolean {
  return cut.upgrade === shown.upgrade && cut.outcome === shown.outcome && isLater(cut) === isLater(shown);
}

/** Cut more than once: a way to fail of its own. */
function isLater({ id }: CutRecord): boolean {
  return id.includes('/');
}

function isFailure({ id, verdict }: StepRecord, step: StepId | undefined): boolean {
  return verdict === 'failed' && isSameStep(id, step);
}

function isOfCause(cause: KnownCause, finding: Finding, { step, phase, kind }: Failure): boolean {
  const { check, phases, kinds, files } = cause;
  return (
    check === (step === undefined ? finding.check : knownCheck(step.id)) &&
    phase !== undefined &&
    phases.includes(phase) &&
    (kinds === undefined || (kind !== undefined && kinds.includes(kind))) &&
    (files === undefined || isAbout(files, step?.problem?.paths, finding))
  );
}

/** A step's name as a list of known findings has it: as reports do, without the upgrade. */
export function knownCheck(step: StepId): string {
  const text = stepText(step);
  return 'upgrade' in step && text.startsWith(`${step.upgrade} `)
    ? text.slice(step.upgrade.length + 1)
    : text;
}

/**
 * Whether a failure is about these files and no others, where the check says which; else whether the writes that are
 * blamed for it went to one of them.
 */
function isAbout(
  patterns: readonly string[],
  paths: readonly string[] | undefined,
  { files }: Finding,
): boolean {
  const matchers = patterns.map(globMatcher);
  const matches = (path: string) => matchers.some((one) => one(path));
  if (paths !== undefined) return paths.length > 0 && paths.every(matches);
  return files.some((text) => [...text.matchAll(/(?<=^|[\s(])\/[^\s,()]+/g)].some(([path]) => matches(path)));
}

function statusOf(
  entry: KnownFinding,
  appeared: boolean,
  judged: Judged,
  today: string,
): KnownRecord['status'] {
  if (appeared) return isExpired(entry, today) ? 'expired' : 'known';
  return entry.cause.phases.every((phase) => isShown(phase, entry.cause, judged)) ? 'gone' : 'not seen';
}

/** Whether a run has looked at all that fails in a phase. */
function isShown(phase: KnownPhase, { check, kinds }: KnownCause, { crash, problem }: Judged): boolean {
  if (problem !== undefined) return false;
  if (phase === 'no-cut') return true;
  if (crash === undefined || crash.undecided > 0 || crash.skipped > 0) return false;
  const own = (crash.groups ?? []).filter(
    ({ during, kind }) => during === phase && (kinds?.includes(kind) ?? true),
  );
  const asked = check.startsWith('retry') ? own.filter(({ stage }) => stage === 'retry') : own;
  const stages = new Set(asked.map(({ stage }) => stage));
  return (
    stages.size > 0 &&
    crash.stages
      .filter(({ name }) => stages.has(name) && (name !== 'retry' || check.startsWith('retry')))
      .every(({ claim, ended }) => (claim === 'exhaustive' || claim === 'unaudited') && ended === 'complete')
  );
}
