import { Chalk, type ChalkInstance } from 'chalk';

/** Where text for people goes: a terminal, a file or a pipe. */
export interface TextOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** How progress is shown: redrawn in place, as lines that stay, or not at all. */
export type View = 'live' | 'plain' | 'quiet';

/** The view that was asked for, or what an output is fit for; CI servers keep what is redrawn as rubbish. */
export function viewFor(
  { quiet, plain: asLines }: { quiet?: true | undefined; plain?: true | undefined },
  output: TextOutput,
  environment: NodeJS.ProcessEnv = process.env,
): View {
  if (quiet === true) return 'quiet';
  const isCi = (environment['CI'] ?? '') !== '' && environment['CI'] !== 'false';
  return asLines === true || isCi || !isLive(output, environment) ? 'plain' : 'live';
}

/** Whether an output is a terminal that can redraw a line. */
function isLive(output: TextOutput, environment: NodeJS.ProcessEnv = process.env): boolean {
  return output.isTTY === true && environment['TERM'] !== 'dumb';
}

/** Colours for an output: none where it is no terminal, and none where NO_COLOR is set (no-color.org). */
export function coloursFor(output: TextOutput, environment: NodeJS.ProcessEnv = process.env): ChalkInstance {
  const refused = (environment['NO_COLOR'] ?? '') !== '';
  return new Chalk({ level: isLive(output, environment) && !refused ? 1 : 0 });
}

/** No colours at all: for text that is kept. */
export const plain: ChalkInstance = new Chalk({ level: 0 });
