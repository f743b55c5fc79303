/**
 * Three kinds of failure, never mixed. `device`: the target broke its promise; `scenario`: the
 * scenario, image description or command line is wrong; `harness`: this program or its host broke.
 */
export type FailureKind = 'device' | 'scenario' | 'harness';

/** What a failure carries besides its message. */
export interface FailureDetails {
  /** What went wrong below, kept for `--verbose` and the record. */
  cause?: unknown;
  /** A file that says more (console log, QEMU's output, build log). */
  logPath?: string;
  /** What the reader can do next, one sentence. */
  hint?: string;
}

/** Base of every failure this program reports on purpose; anything else is a bug and counts as `harness`. */
export abstract class BrownoutError extends Error {
  abstract readonly kind: FailureKind;
  /** Stable, kebab-case, fit for tests and for grouping in reports: `boot-timeout`. */
  readonly code: string;
  readonly logPath: string | undefined;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.logPath = details.logPath;
    this.hint = details.hint;
  }
}

/** The target broke its promise: it did not boot, lost configuration, runs half a release. */
export class DeviceFailure extends BrownoutError {
  readonly kind = 'device';
}

/** The scenario, an image description or the command line is wrong; the user can repair it. */
export class ScenarioError extends BrownoutError {
  readonly kind = 'scenario';
}

/** The harness or its host broke: QEMU missing, disk full, image cannot be built. */
export class HarnessError extends BrownoutError {
  readonly kind = 'harness';
}

/** Whether somebody has ended what was under way: a signal did, or a test. */
export function isInterruption(error: unknown): boolean {
  return error instanceof HarnessError && error.code === 'interrupted';
}

/** What is to be said of any thrown value; undefined for a bug of this program. A full disk is the host's trouble. */
export function toldFailure(error: unknown): BrownoutError | undefined {
  if (error instanceof BrownoutError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new HarnessError('disk-full', `there is no space left on the disk: ${messageOf(error)}`, {
    cause: error,
    hint: 'make room there; BROWNOUT_CACHE names another place for what is kept, TMPDIR for the rest',
  });
}

/** The kind of any thrown value; what is not ours is the harness's own fault. */
export function failureKind(error: unknown): FailureKind {
  return error instanceof BrownoutError ? error.kind : 'harness';
}

/** The message of any thrown value; of an error that was followed by another while things were put away, both. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name !== 'SuppressedError' || !('suppressed' in error) || !('error' in error))
    return error.message;
  return `${messageOf(error.suppressed)}; and then: ${messageOf(error.error)}`;
}
