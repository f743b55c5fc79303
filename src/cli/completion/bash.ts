import { quote } from '../../core/quote.ts';
import { type CompletedCommand, type Proposal, withAllBelow } from './command-tree.ts';

/** A completion script for bash 4 and later. */
export function bashCompletion(program: CompletedCommand): string {
  const all = withAllBelow(program);
  return `# bash completion for brownout: eval "$(brownout completion bash)"
_brownout() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' word operand=0 i
  # bash splits words at = and at :
  [[ $cur == : || $prev == : ]] && return
  if [[ $cur == '=' ]]; then cur=''
  elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$command:$word" in
${all.flatMap(descentLines).join('\n')}
${all.flatMap(skipLines).join('\n')}
      *:-*) ;;
      *) ((operand++)) ;;
    esac
  done
  case "$command:$prev" in
${all.flatMap(valueLines).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case "$command" in
${all.flatMap(optionLines).join('\n')}
    esac
    return
  fi
  case "$command:$operand" in
${all.flatMap(operandLines).join('\n')}
  esac
}

_brownout_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_brownout_files() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); }
_brownout_folders() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); }

complete -F _brownout brownout
`;
}

/** What the program calls a command while it reads a line: `image build`. */
function keyOf({ path }: CompletedCommand): string {
  return path.join(' ');
}

function descentLines(command: CompletedCommand): string[] {
  return command.commands.map(
    (one) => `      ${quote(`${keyOf(command)}:${one.path.at(-1)}`)}) command=${quote(keyOf(one))} ;;`,
  );
}

/** Options with a value: it is no operand, whether it follows or stands behind a sign of its own. */
function skipLines(command: CompletedCommand): string[] {
  const keys = command.options.flatMap(({ names, value }) =>
    value === undefined ? [] : names.map((name) => quote(`${keyOf(command)}:${name}`)),
  );
  return keys.length === 0
    ? []
    : [`      ${keys.join(' | ')}) [[ \${COMP_WORDS[i + 1]} == '=' ]] && ((i += 2)) || ((i++)) ;;`];
}

function valueLines(command: CompletedCommand): string[] {
  return command.options.flatMap(({ names, value }) =>
    value === undefined
      ? []
      : [
          `    ${names.map((name) => quote(`${keyOf(command)}:${name}`)).join(' | ')}) ${propose(value)}; return ;;`,
        ],
  );
}

function optionLines(command: CompletedCommand): string[] {
  const names = command.options.flatMap((option) => option.names);
  return [`      ${quote(keyOf(command))}) ${propose(names)} ;;`];
}

function operandLines(command: CompletedCommand): string[] {
  const { commands, operands, variadic } = command;
  if (commands.length > 0)
    return [
      `    ${quote(`${keyOf(command)}:0`)}) ${propose(commands.map(({ path }) => path.at(-1) ?? ''))} ;;`,
    ];
  return operands.map((operand, i) => {
    const place =
      variadic && i === operands.length - 1
        ? `${quote(`${keyOf(command)}:`)}*`
        : quote(`${keyOf(command)}:${i}`);
    return `    ${place}) ${propose(operand)} ;;`;
  });
}

function propose(proposal: Proposal): string {
  if (proposal === 'files') return '_brownout_files';
  if (proposal === 'folders') return '_brownout_folders';
  if (proposal === 'nothing') return ':';
  return `_brownout_words ${quote(proposal.join(' '))}`;
}
