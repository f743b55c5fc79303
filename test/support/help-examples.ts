import type { Parent } from '../../src/cli/command.ts';
import { makeProgram } from '../../src/cli/program.ts';
import { inert } from '../unit/cli/surroundings.ts';

/** Each command of the program, groups and the program itself among them, with the examples of its help. */
export function helpExamples(): { command: string; examples: string[] }[] {
  const found: { command: string; examples: string[] }[] = [];
  const visit = (command: Parent, path: string[]) => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    const examples = [...help.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line = '']) => line);
    found.push({ command: ['brownout', ...path].join(' '), examples });
    for (const one of command.commands) visit(one, [...path, one.name()]);
  };
  visit(
    makeProgram(inert, () => undefined),
    [],
  );
  return found;
}
