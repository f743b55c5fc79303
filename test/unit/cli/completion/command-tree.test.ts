import { describe, expect, it } from 'vitest';
import {
  briefly,
  type CompletedCommand,
  commandTree,
  proposalsByName,
  withAllBelow,
} from '../../../../src/cli/completion/command-tree.ts';
import { makeProgram } from '../../../../src/cli/program.ts';
import { inert } from '../surroundings.ts';

const program = makeProgram(inert, () => undefined);
const all = withAllBelow(commandTree(program, ['one', 'two']));
const at = (...path: string[]): CompletedCommand => {
  const found = all.find((command) => command.path.join(' ') === path.join(' '));
  if (found === undefined) throw new Error(`no ${path.join(' ')}`);
  return found;
};
const option = (name: string, command: CompletedCommand) =>
  command.options.find(({ names }) => names.includes(name));

describe('the tree of commands', () => {
  it('has every command, and none that helps alone', () => {
    expect(at('image').commands.map(({ path }) => path[1])).toEqual([
      ...['build', 'import', 'list', 'verify', 'lock'],
    ]);
    expect(all.some(({ path }) => path.includes('help'))).toBe(false);
  });

  it('knows what values are', () => {
    expect(option('--machine', at('run'))?.value).toEqual(['qemux86-64', 'qemuarm64']);
    expect(option('--reports', at('run'))?.value).toBe('folders');
    expect(option('--format', at('feed', 'index'))?.value).toEqual(['ipk', 'deb', 'rpm']);
    expect(option('--json', at('run'))?.names).toEqual(['--json']);
    expect(option('--json', at('run'))?.value).toBeUndefined();
    expect(at('image', 'build')).toMatchObject({ operands: [['one', 'two']], variadic: true });
    expect(at('run')).toMatchObject({ operands: ['files'], variadic: true });
  });

  it('leaves out options that have no help', () => {
    expect(option('--recovery-boots', at('run'))).toBeUndefined();
  });

  it('says of every name in any help what is to be proposed', () => {
    const known = Object.keys(proposalsByName([]));
    const names = new Set<string>();
    const visit = (command: typeof program) => {
      for (const { argChoices, flags } of command.options)
        if (argChoices === undefined) names.add(/[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? 'n');
      for (const operand of command.registeredArguments)
        if (operand.argChoices === undefined) names.add(operand.name());
      command.commands.forEach(visit);
    };
    visit(program);
    expect([...names].filter((name) => !known.includes(name))).toEqual([]);
  });
});

it('tells the beginning of a description', () => {
  expect(briefly('with all: begin no boot')).toBe('with all');
  expect(briefly('only for this machine (default: all)')).toBe('only for this machine');
});
