import type {
  CutRecord,
  Finding,
  PathRecord,
  Problem,
  RunRecord,
  StepRecord,
  Verdict,
} from '../model/record.ts';
import { isSameStep, type StepId, stepKey } from '../model/steps.ts';
import { lostLines } from './configuration-text.ts';
import { oneLine } from './text.ts';

/** One thing that was decided, as CI servers count them. */
export interface TestCase {
  classname: string;
  name: string;
  seconds: number;
  verdict: Verdict;
  problem?: Problem | undefined;
  /** Lines that help to understand what is not passed. */
  details: string[];
  /** Below the run's folder. */
  console?: string | undefined;
}

/** Cuts beyond which one case stands for a cut, not for each of its checks: keeps the file below GitLab's 30 MB. */
const maxDetailedCuts = 5000;

/**
 * The cases of a run: each step of each path, each check after each cut, and whatever else keeps the run from
 * having passed. A run that is not passed has at least one case that is not.
 */
export function testCases(record: RunRecord): TestCase[] {
  const base = `${classPart(fileStem(record.scenarioFile))}.${classPart(record.machine)}`;
  const cuts = record.crash?.cuts ?? [];
  const decided = [
    ...record.paths.flatMap((path) => path.steps.map((step) => stepCase(`${base}.upgrade`, path, step))),
    ...cuts.flatMap((cut) => cutCases(`${base}.power-cuts`, cut, cuts.length <= maxDetailedCuts)),
  ];
  const cases = [
    ...decided.map((one) => withFinding(one, record.findings)),
    ...orphans(record).map((finding) => findingCase(`${base}.findings`, finding)),
  ];
  if (record.problem !== undefined || cases.length === 0 || !agrees(record.verdict, cases))
    cases.push(wholeRun(base, record));
  return cases;
}

interface Identified extends TestCase {
  step: StepId | undefined;
  cut: string;
}

function stepCase(
  classname: string,
  { releases, configuration = [] }: PathRecord,
  step: StepRecord,
): Identified {
  const tables = configuration.filter((table) => isSameStep(table.id, step.id));
  return {
    ...identity(classname, `${releases.join('->')}: ${step.name}`),
    ...result(step),
    step: step.id,
    cut: '',
    details: [...problemLines(step.problem), ...tables.flatMap(lostLines)],
    console: step.console,
  };
}

function cutCases(classname: string, cut: CutRecord, detailed: boolean): Identified[] {
  const title = `${cut.during} ${cut.upgrade}, cut ${cut.id}`;
  const about = [`power cut: ${cut.description}`, `came up: ${cut.outcome}`, `state: ${cut.id}`];
  const explained = cut.checks.length > 0 && cut.checks.some((check) => check.verdict === cut.verdict);
  if (detailed && explained) {
    return cut.checks.map((check) => ({
      ...identity(classname, `${title}: ${check.name}`),
      ...result(check),
      step: check.id,
      cut: cut.id,
      details: [...problemLines(check.problem), ...about],
      console: check.console ?? cut.console,
    }));
  }
  const worst = cut.checks.find((check) => check.verdict === cut.verdict);
  return [
    {
      ...identity(classname, title),
      seconds: cut.seconds,
      verdict: cut.verdict,
      problem: worst?.problem,
      step: worst?.id,
      cut: cut.id,
      details: [...problemLines(worst?.problem), ...about],
      console: cut.console,
    },
  ];
}

function result(step: StepRecord): Pick<TestCase, 'seconds' | 'verdict' | 'problem'> {
  return { seconds: step.seconds, verdict: step.verdict, problem: step.problem };
}

/** Adds which writes and files a finding blames. */
function withFinding(one: Identified, findings: readonly Finding[]): TestCase {
  const { step, cut, ...rest } = one;
  if (rest.verdict !== 'failed') return rest;
  const finding = findings.find((other) => other.cut === cut && isSameStep(other.step, step));
  if (finding === undefined) return rest;
  return { ...rest, details: [...rest.details, ...blame(finding)] };
}

/** Findings that no failed step or check stands for. */
function orphans(record: RunRecord): Finding[] {
  const failedSteps = record.paths.flatMap(({ steps }) => failedKeys(steps).map((key) => `\n${key}`));
  const failedChecks = (record.crash?.cuts ?? []).flatMap(({ id, checks }) =>
    failedKeys(checks).map((key) => `${id}\n${key}`),
  );
  const known = new Set([...failedSteps, ...failedChecks]);
  return record.findings.filter(
    ({ cut, step }) => step === undefined || !known.has(`${cut}\n${stepKey(step)}`),
  );
}

function failedKeys(steps: readonly StepRecord[]): string[] {
  return steps.filter(({ verdict }) => verdict === 'failed').map(({ id }) => stepKey(id));
}

function findingCase(classname: string, finding: Finding): TestCase {
  return {
    ...identity(
      classname,
      [finding.check, finding.cut, finding.during].filter((part) => part !== '').join(', '),
    ),
    seconds: 0,
    verdict: 'failed',
    problem: { kind: 'device', code: finding.check, message: finding.message },
    details: [finding.message, ...blame(finding)],
  };
}

function wholeRun(classname: string, record: RunRecord): TestCase {
  const { problem } = record;
  const ended: Verdict =
    problem === undefined ? record.verdict : problem.kind === 'device' ? 'failed' : 'error';
  return {
    ...identity(classname, 'run'),
    seconds: record.seconds,
    verdict: ended,
    problem,
    details: problemLines(problem),
    console: problem?.log,
  };
}

/** Whether the cases alone make the verdict plain. */
function agrees(verdict: Verdict, cases: readonly TestCase[]): boolean {
  return verdict === 'passed' || cases.some((one) => one.verdict !== 'passed');
}

function problemLines(problem: Problem | undefined): string[] {
  if (problem === undefined) return [];
  return [
    problem.message,
    ...(problem.log === undefined ? [] : [`log: ${problem.log}`]),
    ...(problem.hint === undefined ? [] : [`hint: ${problem.hint}`]),
  ];
}

function blame({ reason, minimal, files, token, file }: Finding): string[] {
  return [
    ...(reason === undefined ? [] : [`because: ${reason}`]),
    ...(minimal.length === 0 ? [] : [`lost writes that suffice: ${minimal.join(', ')}`]),
    ...(files.length === 0 ? [] : [`in files: ${files.join(', ')}`]),
    ...(token === '' ? [] : [`replay: brownout replay ${token}`]),
    ...(file === undefined ? [] : [`or with this file of the run's folder: ${file}`]),
  ];
}

function identity(classname: string, name: string): { classname: string; name: string } {
  return { classname, name: oneLine(name) };
}

/** Jenkins takes dots in a class name for packages. */
function classPart(text: string): string {
  return oneLine(text, 100).replaceAll('.', '_');
}

function fileStem(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/\.ya?ml$/, '');
}
