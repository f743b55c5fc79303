import { execa } from 'execa';
import { HarnessError } from '../core/errors.ts';

/** A host command. Arguments are never joined into a shell line. */
export interface Command {
  program: string;
  args: readonly string[];
  cwd?: string;
  env?: Record<string, string>;
  /** Bytes or text for standard input; nothing otherwise. */
  input?: string | Uint8Array;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** Exit codes that are not a failure (default: 0). */
  okCodes?: readonly number[];
}

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a host command to its end. Throws HarnessError `command-missing`, `command-failed` or `command-timeout`. */
export async function run(command: Command): Promise<CommandResult> {
  const { program, args, okCodes = [0] } = command;
  const result = await execa(program, args, {
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 64 << 20,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    ...(command.env === undefined ? {} : { env: command.env }),
    ...(command.input === undefined ? { stdin: 'ignore' as const } : { input: command.input }),
    ...(command.signal === undefined ? {} : { cancelSignal: command.signal }),
    ...(command.timeoutMs === undefined ? {} : { timeout: command.timeoutMs }),
  });
  if (result.isCanceled) throw command.signal?.reason;
  if (result.exitCode === undefined)
    throw startFailure(program, result.code, result.timedOut, result.message);
  if (!okCodes.includes(result.exitCode)) {
    const said = result.stderr.trim().split('\n').slice(-5).join('\n');
    throw new HarnessError(
      'command-failed',
      `${program} ${args.join(' ')} ended with ${result.exitCode}: ${said}`,
    );
  }
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

function startFailure(
  program: string,
  code: string | undefined,
  timedOut: boolean,
  message: string | undefined,
): HarnessError {
  if (code === 'ENOENT')
    return new HarnessError('command-missing', `${program} is not installed`, {
      hint: 'run: brownout setup',
    });
  if (timedOut) return new HarnessError('command-timeout', `${program} did not end in time`);
  return new HarnessError('command-failed', message ?? `${program} did not start`);
}
