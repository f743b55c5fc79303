import { quote } from '../../core/quote.ts';
import {
  briefly,
  type CompletedCommand,
  type CompletedOption,
  type Proposal,
  withAllBelow,
} from './command-tree.ts';

/** A completion script for zsh, to be evaluated or to lie in fpath as `_brownout`; by `_arguments` of zshcompsys(1). */
export function zshCompletion(program: CompletedCommand): string {
  return `#compdef brownout
# zsh completion for brownout, after compinit: eval "$(brownout completion zsh)"
${withAllBelow(program).map(functionOf).join('\n')}
if [[ $funcstack[1] == _brownout ]]; then
  _brownout "$@"
else
  compdef _brownout brownout
fi
`;
}

function functionOf(command: CompletedCommand): string {
  const { commands, options, operands, variadic } = command;
  const specs = options.flatMap(optionSpecs);
  if (commands.length === 0) {
    const last = operands.length - 1;
    const operandSpecs = operands.map((operand, i) =>
      quote(`${variadic && i === last ? '*' : i + 1}: :${actionOf(operand)}`),
    );
    return body(command, `  _arguments -s ${[...specs, ...operandSpecs].join(' ')}`);
  }
  const words = commands.map(({ path, description }) =>
    quote(`${escaped(path.at(-1) ?? '')}:${briefly(description)}`),
  );
  const below = commands.map((one) => `      ${quote(one.path.at(-1) ?? '')}) ${functionName(one)} ;;`);
  return body(
    command,
    `  local context state line
  typeset -A opt_args
  local -a commands=(${words.join(' ')})
  _arguments -C ${specs.join(' ')} '1: :->command' '*:: :->rest' && return
  case $state in
    command) _describe command commands ;;
    rest) case $line[1] in
${below.join('\n')}
    esac ;;
  esac`,
  );
}

function body(command: CompletedCommand, text: string): string {
  return `${functionName(command)}() {\n${text}\n}`;
}

function functionName({ path }: CompletedCommand): string {
  return ['_brownout', ...path].join('_');
}

/** An option may be given again: which ones may not is the program's to say. */
function optionSpecs({ names, description, value }: CompletedOption): string[] {
  const told = `[${escaped(briefly(description))}]`;
  return names.map((name) => {
    if (value === undefined) return quote(`${name}${told}`);
    const takes = name.startsWith('--') ? `${name}=` : name;
    return quote(`*${takes}${told}: :${actionOf(value)}`);
  });
}

function actionOf(proposal: Proposal): string {
  if (proposal === 'files') return '_files';
  if (proposal === 'folders') return '_files -/';
  if (proposal === 'nothing') return ' ';
  return `(${proposal.map(escaped).join(' ')})`;
}

/** Signs that mean something in a specification. */
function escaped(text: string): string {
  return text.replaceAll(/[\\:[\]]/g, (sign) => `\\${sign}`);
}
