import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';

/** A child that lives as long as it is needed, and never longer than this program. */
export interface ChildSpec {
  program: string;
  args: readonly string[];
  /** Standard output and error are appended here by the child itself. */
  logPath: string;
  /** Open files that the child inherits as its file descriptors 3, 4, …; the caller may close them after the start. */
  files?: readonly number[];
}

/** How a child ended: by its own exit code, by a signal, or it never started (`message` says why). */
export interface ChildExit {
  code: number | undefined;
  signal: string | undefined;
  message: string | undefined;
}

/** A running child. */
export interface Child {
  readonly pid: number | undefined;
  readonly exited: Promise<ChildExit>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts a child that the kernel kills when this program goes, also by SIGKILL: setpriv (util-linux) sets
 * PR_SET_PDEATHSIG, which survives its exec of a program without set-user-ID bits or file capabilities.
 * The signal is sent when the *thread* that forked ends, which for Node is the thread that called this.
 * A parent that dies between fork and prctl goes unnoticed by the kernel.
 */
export async function startChild({ program, args, logPath, files = [] }: ChildSpec): Promise<Child> {
  await using log = await open(logPath, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], {
    stdio: ['ignore', log.fd, log.fd, ...files],
    detached: true, // out of the terminal's reach: Ctrl-C is for this program to handle
  });
  const exited = new Promise<ChildExit>((resolve) => {
    child.on('error', ({ message }) => resolve({ code: undefined, signal: undefined, message }));
    child.once('exit', (code, signal) => {
      resolve({ code: code ?? undefined, signal: signal ?? undefined, message: undefined });
    });
  });
  return { pid: child.pid, exited, kill: (signal) => void child.kill(signal) };
}
