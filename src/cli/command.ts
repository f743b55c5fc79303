import type { Command } from 'commander';
import { type Interruption } from './interruption.ts';
import type { Streams } from './streams.ts';

/** What every command works with. */
export interface Surroundings {
  streams: Streams;
  interruption: Interruption;
}

/** Does a command's work and returns the exit code. */
type Action<Options> = (options: Options, operands: string[]) => Promise<number>;

/** Takes the exit code of the command that was run. */
export type Finish = (exitCode: number) => void;

/** Adds itself to the program: one file a command. */
export type AddCommand = (program: Command, surroundings: Surroundings, finish: Finish) => void;

/** Connects a command of commander to what it does. */
export function act<Options>(command: Command, finish: Finish, action: Action<Options>): void {
  command.action(async (...given: unknown[]) => {
    const operands = given.slice(0, -2).flat() as string[];
    finish(await action(command.optsWithGlobals() as Options, operands));
  });
}

/** The part of a command's help that shows it at work. */
export function examples(...lines: string[]): string {
  return `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}
