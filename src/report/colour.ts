import { Chalk, type ChalkInstance } from 'chalk';

/** Where text for people goes: a terminal, a file or a pipe. */
export interface TextOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Whether an output is a terminal that can redraw a line. */
export function isLive(output: TextOutput, environment: NodeJS.ProcessEnv = process.env): boolean {
  return output.isTTY === true && environment['TERM'] !== 'dumb';
}

/** Colours for an output: none where it is no terminal, and none where NO_COLOR is set (no-color.org). */
export function coloursFor(output: TextOutput, environment: NodeJS.ProcessEnv = process.env): ChalkInstance {
  const refused = (environment['NO_COLOR'] ?? '') !== '';
  return new Chalk({ level: isLive(output, environment) && !refused ? 1 : 0 });
}

/** No colours at all: for text that is kept. */
export const plain: ChalkInstance = new Chalk({ level: 0 });
