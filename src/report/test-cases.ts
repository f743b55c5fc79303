import type { KnownAs } from '../model/known.ts';
import type { Finding, PathRecord, Problem, RunRecord, StepRecord, Verdict } from '../model/record.ts';
import { isSameStep, type StepId } from '../model/steps.ts';
import { lostLines } from './configuration-text.ts';
import { type CutCase, cutCases } from './cut-cases.ts';
import { knownText } from './known-text.ts';
import { oneLine } from './text.ts';

/** One thing that was decided, as CI servers count them. Its name is the same in every run of a scenario. */
export interface TestCase {
  classname: string;
  name: string;
  seconds: number;
  /** `skipped`: there was nothing to decide. */
  verdict: Verdict | 'skipped';
  problem?: Problem | undefined;
  /** Of what is on the list of known findings. */
  known?: KnownAs | undefined;
  /** Lines that help to understand what is not passed. */
  details: string[];
  /** Lines that say of what it was decided: ids and tokens, which are others with each recording. */
  output: string[];
  /** Below the run's folder. */
  console?: string | undefined;
  /** Of the findings that it is about, below the run's folder: for a replay. */
  files?: string[];
}

/**
 * The cases of a run: each step of each path, each check after the cuts of each phase and kind, and whatever else keeps
 * the run from having passed. A run that is not passed has at least one case that is not.
 */
export function testCases(record: RunRecord): TestCase[] {
  const base = classBase(record);
  const decided = [
    ...record.paths.flatMap((path) => path.steps.map((step) => stepCase(`${base}.upgrade`, path, step))),
    ...cutCases(record).map((one) => ofCuts(`${base}.power-cuts`, one)),
  ];
  const blamed = new Set<Finding>();
  const cases = decided.map((one) => withFindings(one, record.findings, blamed));
  const orphans = record.findings.filter((finding) => !blamed.has(finding));
  cases.push(...orphans.map((finding) => findingCase(`${base}.findings`, record, finding)));
  if (record.problem !== undefined || cases.length === 0 || !agrees(record.verdict, cases))
    cases.push(wholeRun(record));
  return merged(cases);
}

/** Verdicts of cases from the one that says the least on. */
const gravity = ['skipped', 'passed', 'known', 'unknown', 'failed', 'error'] as const;

/** One case for each name: CI servers take one of two for the other. */
export function merged(cases: readonly TestCase[]): TestCase[] {
  const all = new Map<string, TestCase>();
  for (const one of cases) {
    const key = `${one.classname}\n${one.name}`;
    const known = all.get(key);
    all.set(key, known === undefined ? one : both(known, one));
  }
  return [...all.values()];
}

function both(one: TestCase, other: TestCase): TestCase {
  const worse = gravity.indexOf(other.verdict) > gravity.indexOf(one.verdict) ? other : one;
  return {
    ...worse,
    seconds: one.seconds + other.seconds,
    details: [...one.details, ...other.details],
    output: [...one.output, ...other.output],
  };
}

interface Identified extends TestCase {
  step: StepId | undefined;
  /** Ids of the cuts that failed so; empty for a step without a cut. */
  cuts: readonly string[];
}

function stepCase(
  classname: string,
  { releases, configuration = [] }: PathRecord,
  step: StepRecord,
): Identified {
  const tables = configuration.filter((table) => isSameStep(table.id, step.id));
  return {
    ...identity(classname, `${releases.join('->')}: ${step.name}`),
    seconds: step.seconds,
    verdict: step.verdict,
    problem: step.problem,
    known: step.known,
    step: step.id,
    cuts: [],
    details: [...problemLines(step.problem), ...tables.flatMap(lostLines)],
    output: [],
    console: step.console,
  };
}

function ofCuts(classname: string, { name, step, about, ...decided }: CutCase): Identified {
  const details = [...problemLines(decided.problem), ...about];
  return { ...identity(classname, name), ...decided, step, details };
}

/** Adds which writes and files findings blame, and notes these findings. */
function withFindings(one: Identified, findings: readonly Finding[], blamed: Set<Finding>): TestCase {
  const { step, cuts, ...rest } = one;
  if (rest.verdict !== 'failed' && rest.verdict !== 'known') return rest;
  const found = findings.filter(
    (finding) =>
      isSameStep(finding.step, step) && (finding.cut === '' ? cuts.length === 0 : cuts.includes(finding.cut)),
  );
  for (const finding of found) blamed.add(finding);
  const files = found.flatMap(({ file }) => file ?? []);
  return {
    ...rest,
    details: [...rest.details, ...found.flatMap(blame)],
    ...(files.length === 0 ? {} : { files }),
  };
}

/** A finding that no failed step or check stands for. */
function findingCase(classname: string, { crash }: RunRecord, finding: Finding): TestCase {
  const cut = crash?.cuts.find(({ id }) => id === finding.cut);
  const where = cut?.upgrade ?? (finding.cut === '' ? finding.during : '');
  return {
    ...identity(classname, [finding.check, where].filter((part) => part !== '').join(', ')),
    seconds: 0,
    verdict: finding.known?.status === 'known' ? 'known' : 'failed',
    problem: { kind: 'device', code: finding.check, message: finding.message },
    known: finding.known,
    details: [
      finding.message,
      ...(finding.cut === '' ? [] : [`power cut: ${finding.during}`, `state: ${finding.cut}`]),
      ...blame(finding),
    ],
    output: [],
    ...(finding.file === undefined ? {} : { files: [finding.file] }),
  };
}

/** The run as one case, which every run has; `testCases` has it only where no other case says how the run ended. */
export function wholeRun(record: RunRecord): TestCase {
  const { problem, findings } = record;
  const ended: Verdict =
    problem === undefined ? record.verdict : problem.kind === 'device' ? 'failed' : 'error';
  return {
    ...identity(classBase(record), 'run'),
    seconds: record.seconds,
    verdict: ended,
    problem,
    details: problem === undefined ? findings.map(findingLine) : problemLines(problem),
    output: [],
    console: problem?.log,
  };
}

function findingLine({ check, message, known }: Finding): string {
  return `${check}: ${message}${known === undefined ? '' : ` (${knownText(known)})`}`;
}

/** Why a case is not passed, in words that are never empty. */
export function reasonOf({ verdict, problem }: TestCase): string {
  if (problem !== undefined) return problem.message;
  return verdict === 'unknown' ? 'not decided' : 'no reason was recorded';
}

/** Whether the cases alone make the verdict plain. */
function agrees(verdict: Verdict, cases: readonly TestCase[]): boolean {
  return verdict === 'passed' || cases.some((one) => one.verdict !== 'passed' && one.verdict !== 'skipped');
}

function problemLines(problem: Problem | undefined): string[] {
  if (problem === undefined) return [];
  return [
    problem.message,
    ...(problem.log === undefined ? [] : [`log: ${problem.log}`]),
    ...(problem.hint === undefined ? [] : [`hint: ${problem.hint}`]),
  ];
}

function blame({ reason, states, minimal, files, token, file }: Finding): string[] {
  return [
    ...(states > 1 ? [`${states} states are alike`] : []),
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

function classBase({ scenarioFile, machine }: RunRecord): string {
  return `${classPart(fileStem(scenarioFile))}.${classPart(machine)}`;
}

/** Jenkins takes dots in a class name for packages. */
function classPart(text: string): string {
  return oneLine(text, 100).replaceAll('.', '_');
}

function fileStem(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/\.ya?ml$/, '');
}
