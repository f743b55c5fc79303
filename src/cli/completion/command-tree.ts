import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { machineNames } from '../../model/machine.ts';

/** What may stand at one place of a command line. */
export type Proposal = 'files' | 'folders' | 'nothing' | readonly string[];

/** An option as shells complete it. */
export interface CompletedOption {
  /** `-o`, `--output`. */
  names: string[];
  description: string;
  /** Of the value that it takes; absent where it takes none. */
  value?: Proposal;
}

/** A command as shells complete it: either it has commands of its own, or operands. */
export interface CompletedCommand {
  /** `[]` is the program, `['image', 'build']` a command of a group. */
  path: string[];
  description: string;
  options: CompletedOption[];
  commands: CompletedCommand[];
  operands: Proposal[];
  /** Whether the last operand may be given again. */
  variadic: boolean;
}

/** What values of commands are called in their help, and what a shell proposes for them. */
export function proposalsByName(images: readonly string[]): Record<string, Proposal> {
  const of = (proposal: Proposal, names: string) =>
    Object.fromEntries(names.split(' ').map((name) => [name, proposal]));
  return {
    ...of(machineNames, 'machine'),
    ...of(images, 'image'),
    ...of(['none', 'all', 'random:10'], 'how'),
    ...of(['auto', '1/2', '1/4'], 'part'),
    ...of('files', 'scenario token|file file key recipe disk before after'),
    ...of('folders', 'folder from to'),
    ...of(
      'nothing',
      'word n size duration percent port text name list id time sha256 type release package command',
    ),
    ...of('nothing', 'recording path path=text release=folder'),
  };
}

/** The commands, options and operands of a program, without hidden ones. `images`: names that can be given. */
export function commandTree(program: CommandUnknownOpts, images: readonly string[]): CompletedCommand {
  return describe(program, [], proposalsByName(images));
}

function describe(
  command: CommandUnknownOpts,
  path: string[],
  byName: Record<string, Proposal>,
): CompletedCommand {
  const help = command.createHelp();
  const proposalOf = (name: string, choices?: readonly string[]): Proposal =>
    choices ?? byName[name] ?? 'nothing';
  const operands = command.registeredArguments;
  return {
    path,
    description: command.summary() || command.description(),
    options: help.visibleOptions(command).map((option) => describeOption(option, proposalOf)),
    commands: help
      .visibleCommands(command)
      .filter((one) => one.name() !== 'help')
      .map((one) => describe(one, [...path, one.name()], byName)),
    operands: operands.map((operand) => proposalOf(operand.name(), operand.argChoices)),
    variadic: operands.at(-1)?.variadic === true,
  };
}

function describeOption(
  option: Option,
  proposalOf: (name: string, choices?: readonly string[]) => Proposal,
): CompletedOption {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const [, value] = /[<[]([^>\]]+)[>\]]/.exec(option.flags) ?? [];
  return {
    names,
    description: option.description,
    ...(value === undefined ? {} : { value: proposalOf(value, option.argChoices) }),
  };
}

/** A command and all below it. */
export function withAllBelow(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}

/** The first sentence of a description: what there is room for. */
export function briefly(description: string): string {
  const [first = ''] = description.split(/[;:(]|\. /);
  return first.trim();
}
