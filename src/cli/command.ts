import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Interruption } from './interruption.ts';
import type { Streams } from './streams.ts';

/** What every command works with. */
export interface Surroundings {
  streams: Streams;
  interruption: Interruption;
}

/** Takes the exit code of the command that was run. */
export type Finish = (exitCode: number) => void;

/** What a command is added to: the program, or a group of commands. */
export type Parent = CommandUnknownOpts;

/** Adds itself to the program: one file a command. */
export type AddCommand = (parent: Parent, surroundings: Surroundings, finish: Finish) => void;

/** What the options of a command hold, by its description. */
export type OptionsOf<Describe extends (parent: Parent) => { opts: () => unknown }> = ReturnType<
  ReturnType<Describe>['opts']
>;

/** The part of a command's help that shows it at work. */
export function examples(...lines: string[]): string {
  return `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}
