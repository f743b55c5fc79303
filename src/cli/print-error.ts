import { inspect } from 'node:util';
import { BrownoutError, messageOf } from '../core/errors.ts';
import { coloursFor, type TextOutput } from '../report/colour.ts';

/** Prints what went wrong: the message, where to read more, what to do next. The stack only where asked for. */
export function printError(
  error: unknown,
  output: TextOutput,
  verbose: boolean,
  environment = process.env,
): void {
  const { bold, red } = coloursFor(output, environment);
  const known = error instanceof BrownoutError ? error : undefined;
  const lines = [
    `${bold(red('error:'))} ${known === undefined ? `unexpected: ${messageOf(error)}` : known.message}`,
  ];
  if (known?.logPath !== undefined) lines.push(`log: ${known.logPath}`);
  if (known?.hint !== undefined) lines.push(`hint: ${known.hint}`);
  if (known === undefined && !verbose)
    lines.push('hint: this is a fault of brownout itself; --verbose shows where');
  if (verbose) lines.push(inspect(error, { depth: 5 }));
  output.write(`${lines.join('\n')}\n`);
}

/** The same for programs. */
export function errorJson(error: unknown): object {
  const known = error instanceof BrownoutError ? error : undefined;
  return {
    kind: known?.kind ?? 'harness',
    code: known?.code ?? 'unexpected',
    message: messageOf(error),
    ...(known?.logPath === undefined ? {} : { log: known.logPath }),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
  };
}
