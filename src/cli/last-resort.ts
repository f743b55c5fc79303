import type { EventEmitter } from 'node:events';
import { oneLine } from '../report/text.ts';
import { exitCodes } from './exit-code.ts';
import { reportError } from './print-error.ts';
import type { Streams } from './streams.ts';
import { phasesUnderWay } from './under-way.ts';

/** What tells of errors that nobody caught; the process, or a test's stand-in. */
export interface ErrorSource extends Pick<EventEmitter, 'on'> {
  exit(code: number): void;
}

/**
 * The end of a process in which an error found nobody to take it: says why, which command it was and what its runs were at,
 * and leaves with the harness's exit code. Nothing is removed: the next run does that. QEMU and helpers end with the process (startChild).
 */
export function installLastResort(
  args: readonly string[],
  streams: Streams,
  source: ErrorSource = process,
): void {
  let told = false;
  const leave = (error: unknown) => {
    try {
      // Whoever cannot be told, as on a full disk, is not told twice.
      if (told) return;
      told = true;
      reportError(error, args, streams);
      const ended = [`this ended: ${oneLine(['brownout', ...args].join(' '))}`];
      ended.push(...phasesUnderWay().map((phase) => `it was at ${phase}`));
      streams.stderr.write(`${ended.join('\n')}\n`);
    } finally {
      source.exit(exitCodes.harness);
    }
  };
  source.on('uncaughtException', leave);
  source.on('unhandledRejection', leave);
}
