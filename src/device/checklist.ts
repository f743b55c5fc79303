import { relative } from 'node:path';
import { failureKind, messageOf, toldFailure } from '../core/errors.ts';
import type { Problem, StepRecord } from '../model/record.ts';
import { type StepId, stepText } from '../model/steps.ts';
import type { CheckResult } from '../oracle/check.ts';
import type { AnyState } from '../target/target.ts';

/** Thrown when a device failed a step that the following ones build on; the step is already noted. */
export class DeviceStopped extends Error {
  readonly step: StepRecord;
  constructor(step: StepRecord, cause: unknown) {
    super(`${step.name}: ${step.problem?.message ?? 'failed'}`, { cause });
    this.name = 'DeviceStopped';
    this.step = step;
  }
}

/** Where a checklist's paths begin, and who else wants to know of it. */
export interface ChecklistOptions {
  /** The run's folder: paths of logs are given relative to it. */
  folder: string;
  /** Any state of the device: its present console log, and whether the host kept the CPU from it. */
  device: Pick<AnyState, 'consolePath' | 'starved'>;
  onStep?: (step: StepRecord) => void;
  onNote?: (note: string) => void;
}

/** What comes of limits that a guest has of its own, too: of its watchdogs, its jobs, its health check. */
const ofTime: readonly string[] = ['release-unexpected', 'start-up-stopped', 'console-text-missing'];

/** Notes that are kept of one device. */
const mostNotes = 20;

/** The list of what was decided about a device, in order, with the time that each took. */
export class Checklist {
  readonly steps: StepRecord[] = [];
  /** What is worth a look and decides nothing; the first twenty. */
  readonly notes: string[] = [];
  private readonly options: ChecklistOptions;

  constructor(options: ChecklistOptions) {
    this.options = options;
  }

  /** Does one step and notes how it went. A DeviceFailure ends the list with DeviceStopped; other failures pass through. */
  async step<T>(id: StepId, work: () => T | Promise<T>): Promise<T> {
    const started = performance.now();
    const value = await this.guard(id, work);
    this.note({ id, verdict: 'passed', seconds: secondsSince(started) });
    return value;
  }

  /** The same for what is no achievement of the device: noted only where it fails. */
  async guard<T>(id: StepId, work: () => T | Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } catch (error) {
      if (failureKind(error) !== 'device') throw error;
      const problem = problemOf(error, this.options.folder);
      const step = this.note({ id, verdict: 'failed', seconds: secondsSince(started), problem });
      throw new DeviceStopped(step, error);
    }
  }

  /**
   * Notes what an oracle found. Returns whether it passed. Throws HarnessError `host-starved` where the device gave a
   * release or its start-up up, or was late, while the host kept the CPU from it.
   */
  check(id: StepId, result: CheckResult): boolean {
    const { verdict, code, message } = result;
    const starved = code !== undefined && ofTime.includes(code) ? this.options.device.starved() : undefined;
    if (starved !== undefined) throw starved;
    const { paths = [], fates = [] } = result.verdict === 'passed' ? {} : result;
    const about = { ...(paths.length === 0 ? {} : { paths }), ...(fates.length === 0 ? {} : { fates }) };
    const problem =
      code === undefined ? {} : { problem: { kind: 'device' as const, code, message, ...about } };
    const note = result.verdict === 'passed' && result.note !== undefined ? { note: result.note } : {};
    this.note({ id, verdict, seconds: 0, ...problem, ...note });
    return verdict === 'passed';
  }

  /** Keeps a note that decides nothing. */
  remark(note: string): void {
    if (this.notes.length === mostNotes) return;
    this.notes.push(note);
    this.options.onNote?.(note);
  }

  private note({ id, ...decided }: Omit<StepRecord, 'name'>): StepRecord {
    const path = this.options.device.consolePath();
    const console = path === undefined ? {} : { console: relative(this.options.folder, path) };
    const step = { id, name: stepText(id), ...decided, ...console };
    this.steps.push(step);
    this.options.onStep?.(step);
    return step;
  }
}

/** Any thrown value as a record's problem; its log's path is given relative to the run's folder. */
export function problemOf(error: unknown, folder: string): Problem {
  const known = toldFailure(error);
  return {
    kind: failureKind(error),
    code: known?.code ?? 'unexpected',
    message: known?.message ?? messageOf(error),
    ...(known?.logPath === undefined ? {} : { log: relative(folder, known.logPath) }),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
  };
}

/** Seconds since a `performance.now()` reading. */
export function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
