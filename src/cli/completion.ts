import { Argument } from '@commander-js/extra-typings';
import { imageNames } from '../image/own-images.ts';
import { type AddCommand, examples, type Parent } from './command.ts';
import { bashCompletion } from './completion/bash.ts';
import { type CompletedCommand, commandTree } from './completion/command-tree.ts';
import { fishCompletion } from './completion/fish.ts';
import { zshCompletion } from './completion/zsh.ts';
import { exitCodes } from './exit-code.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
const scripts: Record<(typeof shells)[number], (program: CompletedCommand) => string> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

const command = (program: Parent) =>
  program
    .command('completion')
    .summary('print a script by which a shell completes commands, options, machines, images and files')
    .description(
      'In a shell: eval "$(brownout completion bash)", or zsh after compinit; in fish: brownout completion fish | source. ' +
        'To have it in every shell: put that line into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.',
    )
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText(
      'after',
      examples(
        'brownout completion bash > brownout.bash && source brownout.bash',
        'brownout completion fish | source',
      ),
    );

/** `brownout completion` */
export const addCompletion: AddCommand = (program, { streams }, finish) => {
  command(program).action(async (shell) => {
    streams.stdout.write(scripts[shell](commandTree(program, await imageNames())));
    finish(exitCodes.passed);
  });
};
