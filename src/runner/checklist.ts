import { relative } from 'node:path';
import { BrownoutError, failureKind, messageOf } from '../core/errors.ts';
import type { Problem, StepRecord } from '../model/record.ts';
import type { CheckResult } from '../oracle/check.ts';

/** Thrown when a device failed a step that the following ones build on; the step is already noted. */
export class DeviceStopped extends Error {
  readonly step: StepRecord;
  constructor(step: StepRecord, cause: unknown) {
    super(`${step.name}: ${step.problem?.message ?? 'failed'}`, { cause });
    this.name = 'DeviceStopped';
    this.step = step;
  }
}

/** The list of what was decided about a device, in order, with the time that each took. */
export class Checklist {
  readonly steps: StepRecord[] = [];
  private readonly folder: string;
  private readonly onStep: (step: StepRecord) => void;

  /** `folder` is the run's: paths of logs are given relative to it. */
  constructor(folder: string, onStep: (step: StepRecord) => void = () => undefined) {
    this.folder = folder;
    this.onStep = onStep;
  }

  /** Does one step. A DeviceFailure is noted and ends the list with DeviceStopped; other failures pass through. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      const value = await work();
      this.note({ name, verdict: 'passed', seconds: secondsSince(started) });
      return value;
    } catch (error) {
      if (failureKind(error) !== 'device') throw error;
      const step: StepRecord = {
        name,
        verdict: 'failed',
        seconds: secondsSince(started),
        problem: problemOf(error, this.folder),
      };
      this.note(step);
      throw new DeviceStopped(step, error);
    }
  }

  /** Notes what an oracle found. Returns whether it passed. */
  check(name: string, { verdict, code, message }: CheckResult): boolean {
    const problem = code === undefined ? {} : { problem: { kind: 'device' as const, code, message } };
    this.note({ name, verdict, seconds: 0, ...problem });
    return verdict === 'passed';
  }

  private note(step: StepRecord): void {
    this.steps.push(step);
    this.onStep(step);
  }
}

/** Any thrown value as a record's problem; its log's path is given relative to the run's folder. */
export function problemOf(error: unknown, folder: string): Problem {
  const known = error instanceof BrownoutError ? error : undefined;
  return {
    kind: failureKind(error),
    code: known?.code ?? 'unexpected',
    message: messageOf(error),
    ...(known?.logPath === undefined ? {} : { log: relative(folder, known.logPath) }),
  };
}

/** Seconds since a `performance.now()` reading. */
export function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
