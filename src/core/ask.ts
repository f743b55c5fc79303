import { type Deadline, DeadlinePassed } from './deadline.ts';

/** Limits and input of one command. */
export interface CommandOptions {
  deadline: Deadline;
  signal?: AbortSignal | undefined;
  /** Standard input; empty otherwise. */
  input?: string | Uint8Array | undefined;
  /** Bytes kept of each output stream (default 4 MiB); the rest is read and dropped. */
  maxOutputBytes?: number;
}

/** What a command left. Text is UTF-8 with replacement characters. */
export interface CommandOutput {
  /** 128 + n when a signal ended it, as in a shell. */
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Set when more than maxOutputBytes came. */
  truncated: boolean;
  /** Set where it failed on a host that kept CPU from it for so long that time limits of its own may have passed. */
  starved?: Error;
}

/** What runs commands: a login on a device. */
export interface Shell {
  /** A non-zero exit code is an answer, not an error. Throws DeadlinePassed. */
  run(command: string, options: CommandOptions): Promise<CommandOutput>;
}

/** The failures that a command without a full answer amounts to. */
export interface NoAnswer {
  /** It ended with another code than 0. */
  failed: (output: CommandOutput) => Error;
  /** It did not end in time. */
  late: (passed: DeadlinePassed) => Error;
  /** It printed more than it may; where absent, what was kept is enough. */
  tooLong?: (() => Error) | undefined;
}

/** Runs a command and returns what it printed. Throws what `noAnswer` makes of any other end, and what excuses one. */
export async function ask(
  shell: Shell,
  command: string,
  options: CommandOptions,
  noAnswer: NoAnswer,
): Promise<CommandOutput> {
  const output = await answerInTime(() => shell.run(command, options), noAnswer);
  if (output.truncated && noAnswer.tooLong !== undefined) throw noAnswer.tooLong();
  if (output.exitCode !== 0) throw output.starved ?? noAnswer.failed(output);
  return output;
}

async function answerInTime<T>(work: () => Promise<T>, { late }: NoAnswer): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DeadlinePassed ? late(error) : error;
  }
}

/** The end of what a command complained of, short enough for a message. */
export function complaint({ stderr }: Pick<CommandOutput, 'stderr'>): string {
  return stderr.trim().slice(-300);
}
