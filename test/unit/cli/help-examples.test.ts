import { describe, expect, it } from 'vitest';
import type { Parent } from '../../../src/cli/command.ts';
import { makeProgram } from '../../../src/cli/program.ts';
import { helpExamples } from '../../support/help-examples.ts';
import { inert } from './surroundings.ts';

const all = helpExamples();

/** The program, whose commands do nothing but read their command line. */
function reader(onRead: (command: string) => void): Parent {
  const program = makeProgram(inert, () => undefined);
  const visit = (command: Parent, path: string[]) => {
    command.exitOverride();
    if (command.commands.length === 0) command.action(() => onRead(path.join(' ')));
    for (const one of command.commands) visit(one, [...path, one.name()]);
  };
  visit(program, []);
  return program;
}

/** Words of a command line up to what is the shell's: quotes are read, nothing is expanded. */
function wordsOf(line: string): string[] {
  const [own = ''] = line.split(/ (?:&&|\||>) /);
  return [...own.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

describe('the help', () => {
  it.each(all)('of $command has an example of it', ({ command, examples }) => {
    expect(examples.some((line) => line.startsWith(`${command} `) || line === command)).toBe(true);
  });

  const own = all.flatMap(({ examples }) => examples).filter((line) => line.startsWith('brownout '));
  it.each([...new Set(own)])('shows what the program takes: %s', async (line) => {
    const read: string[] = [];
    await reader((command) => read.push(command)).parseAsync(wordsOf(line).slice(1), { from: 'user' });
    expect(read).toHaveLength(1);
    expect(`${line} `.startsWith(`brownout ${read[0]?.replace(/ write$/, '')} `)).toBe(true);
  });
});
