import { sha256 } from '../core/digest.ts';
import type { PathRecord, StepRecord } from '../model/record.ts';
import { pathSchema } from '../report/stored-record.ts';
import type { KeptKind } from './kept-verdicts.ts';

/** Where a file of a step lies now; undefined: nowhere. */
export type MovedFile = (file: string) => string | undefined;

/** Paths that were taken without a cut. */
export const keptPaths: KeptKind<PathRecord> = {
  what: 'path',
  schema: pathSchema,
  withFiles: ({ steps, software, ...rest }, moved) => ({
    ...rest,
    steps: steps.map((step) => stepWithFiles(step, moved)),
    ...(software === undefined
      ? {}
      : {
          software: software.map((table) => ({
            ...table,
            documents: table.documents.flatMap((file) => moved(file) ?? []),
          })),
        }),
  }),
};

/** What a path is kept by. */
export function pathKey({ releases }: Pick<PathRecord, 'releases'>): string {
  return sha256(releases.join('\n')).slice(0, 16);
}

/** Whether steps say something of the device, each of them. */
export function areDecided(steps: readonly Pick<StepRecord, 'verdict'>[]): boolean {
  return steps.length > 0 && steps.every(({ verdict }) => verdict === 'passed' || verdict === 'failed');
}

/** A step whose console and log lie elsewhere. */
export function stepWithFiles({ console, problem, ...rest }: StepRecord, moved: MovedFile): StepRecord {
  const to = console === undefined ? undefined : moved(console);
  return {
    ...rest,
    ...(problem === undefined ? {} : { problem: problemWithFiles(problem, moved) }),
    ...(to === undefined ? {} : { console: to }),
  };
}

/** A problem whose log lies elsewhere. */
export function problemWithFiles(
  { log, ...rest }: NonNullable<StepRecord['problem']>,
  moved: MovedFile,
): NonNullable<StepRecord['problem']> {
  const to = log === undefined ? undefined : moved(log);
  return { ...rest, ...(to === undefined ? {} : { log: to }) };
}
