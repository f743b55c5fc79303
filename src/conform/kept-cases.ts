import type { CaseRecord } from '../model/conformance.ts';
import { areDecided, problemWithFiles, stepWithFiles } from '../recording/kept-paths.ts';
import type { KeptKind } from '../recording/kept-verdicts.ts';
import { caseSchema } from '../report/stored-conformance.ts';

/** Cases of the suite. */
export const keptCases: KeptKind<CaseRecord> = {
  what: 'case',
  schema: caseSchema,
  withFiles: ({ steps, problem, findings, ...rest }, moved) => ({
    ...rest,
    steps: steps.map((step) => stepWithFiles(step, moved)),
    ...(problem === undefined ? {} : { problem: problemWithFiles(problem, moved) }),
    ...(findings === undefined
      ? {}
      : {
          findings: findings.map(({ file, ...finding }) => {
            const to = file === undefined ? undefined : moved(file);
            return { ...finding, ...(to === undefined ? {} : { file: to }) };
          }),
        }),
  }),
};

/**
 * Whether a case has ended with a verdict on the device, which took its while. One that was not to be judged before anything
 * was done is told by each run anew; what was not decided, or broke the harness, is tried again.
 */
export function isDecided({ verdict, steps }: Pick<CaseRecord, 'verdict' | 'steps'>): boolean {
  return ['passed', 'failed', 'ability-missing'].includes(verdict) && areDecided(steps);
}
