import type { ConfigurationTable } from '../model/configuration.ts';
import type { MachineName } from '../model/machine.ts';
import { type PathRecord, type StepRecord, type Verdict, worst } from '../model/record.ts';
import { isSameStep } from '../model/steps.ts';
import {
  type Criterion,
  type CriterionVerdict,
  criterionIds,
  type Evidence,
  type JudgedRun,
} from './admission.ts';
import { type ExpectedStep, expectedSteps } from './expected-evidence.ts';
import type { PackagePlan } from './plan.ts';
import { powerCutCriterion } from './power-cuts.ts';
import { serviceChecks } from './scenario-text.ts';

/** What a run shows of a package, criterion by criterion. */
export function judge(plan: PackagePlan, run: JudgedRun): Criterion[] {
  const expected = expectedSteps(plan);
  return criterionIds.map((id) => {
    if (id === 'power-cuts') return powerCutCriterion(run);
    const evidence = expected
      .filter(({ criterion }) => criterion === id)
      .map((step) => evidenceOf(plan, run, step));
    const verdict = verdictOf(id, plan, evidence);
    return {
      id,
      machine: run.machine,
      verdict,
      summary: summaryOf(id, verdict, plan, evidence),
      evidence,
      findings: [],
      reproduce: evidence.length === 0 ? [] : [runCommand(run)],
    };
  });
}

/** The verdict of several criteria: what was not run or does not apply says nothing; of nothing at all: unknown. */
export function verdictOfAll(verdicts: readonly CriterionVerdict[]): Verdict {
  return worst(verdicts.flatMap((one) => (one === 'not run' || one === 'not applicable' ? [] : [one])));
}

function runCommand({ scenarioFile, machine }: JudgedRun): string {
  return `brownout run ${scenarioFile} --machine ${machine} --power-cuts none`;
}

function verdictOf(id: Criterion['id'], plan: PackagePlan, evidence: readonly Evidence[]): CriterionVerdict {
  if (evidence.length > 0) return worst(evidence.map((one) => one.verdict));
  if (plan.paths.length === 0 || id === 'upgrade') return 'not run';
  return 'not applicable';
}

function evidenceOf(plan: PackagePlan, { ran, machine }: JudgedRun, expected: ExpectedStep): Evidence {
  const { subject, what, path } = expected;
  const base = { subject, what, path: [...path] };
  const record = ran?.record.paths.find(({ releases }) => releases.join('\n') === path.join('\n'));
  const step = record?.steps.find(({ id }) => isSameStep(id, expected.step));
  if (ran === undefined || record === undefined || step === undefined)
    return { ...base, verdict: 'unknown', seen: notReached(record) };
  return {
    ...base,
    verdict: step.verdict,
    seen: seenOf(plan, machine, expected, { step, record }),
    step: step.name,
    ...(step.console === undefined ? {} : { console: `${ran.folder}/${step.console}` }),
  };
}

function notReached(record: PathRecord | undefined): string {
  const stopped = record?.steps.findLast(({ verdict }) => verdict !== 'passed');
  if (stopped === undefined) return 'not reached';
  return `not reached: the path ended at "${stopped.name}"`;
}

function seenOf(
  plan: PackagePlan,
  machine: MachineName,
  { criterion, subject }: ExpectedStep,
  { step, record }: { step: StepRecord; record: PathRecord },
): string {
  const trouble = step.problem === undefined ? [] : [`${step.problem.message} [${step.problem.code}]`];
  if (criterion === 'configuration') {
    const table = record.configuration?.find(({ id }) => isSameStep(id, step.id));
    return [...trouble, ...(table === undefined ? [] : fates(plan, table))].join('; ');
  }
  if (trouble.length > 0) return trouble.join('');
  const version = (release: string) =>
    plan.builds.find((build) => build.machine === machine && build.release === release)?.version ?? '?';
  if (criterion === 'services')
    return step.id.check === serviceChecks.system ? 'none on the device' : `${plan.units.join(', ')} active`;
  if (criterion !== 'upgrade') return version(subject.split('->').at(-1) ?? '');
  const [from = '', to = ''] = subject.split('->');
  const changed = record.software?.find((one) => one.upgrade === subject)?.diff.changes.length;
  const versions =
    version(from) === version(to) ? `${version(to)} in both` : `${version(from)} -> ${version(to)}`;
  return changed === undefined ? versions : `${versions}; ${changed} packages changed in all`;
}

/** What became of the package's own files. */
function fates({ edits }: PackagePlan, { files }: ConfigurationTable): string[] {
  return files
    .filter(({ path }) => edits.some((edit) => edit.path === path))
    .map(({ path, fate, case: what, copies, digests }) => {
      const beside = copies.map((copy) => `${copy.path} holds ${copy.holds}`).join(', ');
      const bytes = digests.owner === digests.now ? digests.now : `${digests.owner}, now ${digests.now}`;
      return `${path} (${what}): ${fate}, SHA-256 ${bytes}${beside === '' ? '' : `; ${beside}`}`;
    });
}

const nothing: Partial<Record<Criterion['id'], string>> = {
  upgrade: 'fewer than two of these releases have the package',
  configuration: 'the package has no configuration file that could be edited in all of these releases',
  services: 'the package has no units',
};

function summaryOf(
  id: Criterion['id'],
  verdict: CriterionVerdict,
  plan: PackagePlan,
  evidence: readonly Evidence[],
): string {
  if (verdict === 'not run' && plan.paths.length === 0) return 'no release has the package on every machine';
  if (evidence.length === 0) return nothing[id] ?? '';
  const of = (wanted: Verdict) => evidence.filter((one) => one.verdict === wanted).length;
  const subjects = [...new Set(evidence.map(({ subject }) => subject))].join(', ');
  const open = of('unknown') > 0 ? `, ${of('unknown')} not reached` : '';
  const bad = of('failed') > 0 ? `, ${of('failed')} FAILED` : '';
  return `${of('passed')} of ${evidence.length} checks passed${bad}${open} (${subjects})`;
}
