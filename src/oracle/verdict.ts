import {
  type CutRecord,
  type Finding,
  type RunRecord,
  type StepRecord,
  type Verdict,
  worst,
} from '../model/record.ts';

/**
 * The verdict of a run: the worst of its steps and cuts. A run that decided nothing is unknown, and so is one whose
 * budget was used up before all was done that it was asked for, or whose boots of one state did not agree.
 */
export function runVerdict(record: Pick<RunRecord, 'paths' | 'crash' | 'problem'>): Verdict {
  const parts = record.paths.flatMap((path) => path.steps.map((step) => step.verdict));
  const cuts = record.crash?.cuts.map((cut) => cut.verdict) ?? [];
  const ended =
    record.problem === undefined ? [] : ([record.problem.kind === 'device' ? 'failed' : 'error'] as const);
  const { undecided = 0, stages = [], audits } = record.crash ?? {};
  const ends = [...stages, ...(audits === undefined ? [] : [audits])];
  const isOpen =
    undecided > 0 ||
    ends.some(({ ended }) => ended === 'budget') ||
    stages.some(({ claim }) => claim === 'heuristic');
  const open = isOpen ? (['unknown'] as const) : [];
  return worst([...parts, ...cuts, ...open, ...ended]);
}

/** What the owner of the update stack must look at: every failed step, and every failed check after a cut. */
export function findingsOf(record: Pick<RunRecord, 'paths' | 'crash'>): Finding[] {
  return [...uncutFindings(record), ...cutFindings(record.crash?.cuts ?? [])];
}

/** What failed after cuts that were booted; those that failed alike are one finding, which the first of them shows. */
export function cutFindings(cuts: readonly CutRecord[]): Finding[] {
  const found = new Map<string, Finding>();
  for (const cut of cuts)
    for (const check of cut.checks.filter(isFailed)) {
      const way = wayToFail(cut, check);
      const known = found.get(way);
      const made = known ?? {
        ...finding(check, cut.id, `${cut.during} ${cut.upgrade}, ${cut.description}`),
        token: cut.token ?? '',
        states: 0,
      };
      found.set(way, { ...made, states: made.states + 1 });
    }
  return [...found.values()];
}

/**
 * What is the same where two cuts that were booted make one finding of a check that failed after both: as in an exploration
 * how the device came out, since messages quote consoles, whose times differ.
 */
export function wayToFail({ upgrade, during, outcome }: CutRecord, { id }: StepRecord): string {
  return JSON.stringify([upgrade, during, outcome, id]);
}

/** What failed without a cut. */
export function uncutFindings({ paths }: Pick<RunRecord, 'paths'>): Finding[] {
  return paths.flatMap(({ releases, steps }) =>
    steps.filter(isFailed).map((step) => finding(step, '', releases.join('->'))),
  );
}

function isFailed(step: StepRecord): boolean {
  return step.verdict === 'failed';
}

function finding(step: StepRecord, cut: string, during: string): Finding {
  return {
    check: step.name,
    step: step.id,
    message: step.problem?.message ?? step.name,
    cut,
    token: '',
    during,
    states: 1,
    minimal: [],
    files: [],
  };
}
