import { inspect } from 'node:util';
import { messageOf, toldFailure } from '../core/errors.ts';
import { coloursFor, type TextOutput } from '../report/colour.ts';
import { exitCodeOfError } from './exit-code.ts';
import type { Streams } from './streams.ts';
import { asTyped } from './typed-command.ts';
import { visible, visibleLines } from './visible-words.ts';

/** Prints what went wrong: the message, where to read more, what to do next. The stack only where asked for. */
function printError(error: unknown, output: TextOutput, verbose: boolean, environment = process.env): void {
  const { bold, red } = coloursFor(output, environment);
  const known = toldFailure(error);
  const lines = [
    `${bold(red('error:'))} ${visibleLines(known?.message ?? `unexpected: ${messageOf(error)}`)}`,
  ];
  if (known?.logPath !== undefined) lines.push(`log: ${visible(known.logPath)}`);
  if (known?.hint !== undefined) lines.push(`hint: ${visibleLines(known.hint)}`);
  if (known === undefined && !verbose)
    lines.push('hint: this is a fault of brownout itself; --verbose shows where');
  if (verbose) lines.push(inspect(error, { depth: 5 }));
  output.write(asTyped(`${lines.join('\n')}\n`, environment));
}

/** The same for programs. */
function errorJson(error: unknown): object {
  const known = toldFailure(error);
  return {
    kind: known?.kind ?? 'harness',
    code: known?.code ?? 'unexpected',
    message: known?.message ?? messageOf(error),
    ...(known?.logPath === undefined ? {} : { log: known.logPath }),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
  };
}

/** Tells whoever gave these arguments, as they want to be told. Returns the exit code. */
export function reportError(error: unknown, args: readonly string[], streams: Streams): number {
  const code = exitCodeOfError(error);
  if (args.includes('--json'))
    streams.stdout.write(`${JSON.stringify({ exitCode: code, error: errorJson(error) }, null, 2)}\n`);
  printError(error, streams.stderr, args.includes('--verbose'), streams.environment);
  return code;
}
