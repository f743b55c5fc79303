import {
  briefly,
  type CompletedCommand,
  type CompletedOption,
  type Proposal,
  withAllBelow,
} from './command-tree.ts';

/** A completion script for fish 3 and later. */
export function fishCompletion(program: CompletedCommand): string {
  const all = withAllBelow(program);
  const paths = all.filter(({ path }) => path.length > 0).map((command) => quotedForFish(keyOf(command)));
  return `# fish completion for brownout: brownout completion fish | source
function __brownout_command
    set -l command ''
    for word in (commandline -opc)[2..-1]
        switch "$command/$word"
            case ${paths.join(' ')}
                set command "$command/$word"
        end
    end
    echo $command
end

complete -c brownout -f
${all.flatMap(linesOf).join('\n')}
`;
}

function keyOf({ path }: CompletedCommand): string {
  return path.map((name) => `/${name}`).join('');
}

function linesOf(command: CompletedCommand): string[] {
  const { commands, options, operands } = command;
  const here = `complete -c brownout -n ${quotedForFish(`test (__brownout_command) = ${quotedForFish(keyOf(command))}`)}`;
  return [
    ...commands.map(
      ({ path, description }) =>
        `${here} -a ${quotedForFish(path.at(-1) ?? '')} -d ${quotedForFish(briefly(description))}`,
    ),
    ...options.map(
      (option) =>
        `${here} ${optionNames(option)}${takes(option.value)} -d ${quotedForFish(briefly(option.description))}`,
    ),
    // Fish does not count operands: each place proposes what any may be.
    ...[...new Set(operands.map(words))].filter((one) => one !== '').map((one) => `${here} ${one}`),
  ];
}

function optionNames({ names }: CompletedOption): string {
  return names
    .map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
    .join(' ');
}

function takes(value: Proposal | undefined): string {
  if (value === undefined) return '';
  return value === 'files' ? ' -r -F' : ` -x ${words(value)}`.trimEnd();
}

/** Arguments of `complete` that propose these. */
function words(proposal: Proposal): string {
  if (proposal === 'files') return '-F';
  if (proposal === 'folders') return "-a '(__fish_complete_directories (commandline -ct))'";
  return proposal === 'nothing' ? '' : `-a ${quotedForFish(proposal.join(' '))}`;
}

/** Within single quotes fish knows two escapes: \\ and \\'. */
function quotedForFish(text: string): string {
  return `'${text.replaceAll(/[\\']/g, (sign) => `\\${sign}`)}'`;
}
