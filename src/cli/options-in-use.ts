import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { ScenarioError } from '../core/errors.ts';
import type { PowerCuts } from '../model/scenario.ts';

type Mode = PowerCuts['mode'];

/** With which ways to cut the power an option says something: where it is asked for any. */
export const anyCut: readonly Mode[] = ['all', 'random', 'naive'];
export const exploring: readonly Mode[] = ['all'];

/**
 * Refuses options that somebody has typed and that nothing would come of, the way in which the power is cut being what it
 * is: who gives `--budget` must not wait for a run without an end. `neededBy`: by the option's name in the options, the
 * ways that it belongs to. Throws ScenarioError `option-unused`.
 */
export function assertOptionsUsed(
  command: CommandUnknownOpts,
  { mode }: PowerCuts,
  neededBy: Readonly<Record<string, readonly Mode[]>>,
): void {
  const unused = command.options.filter((option) => {
    const name = option.attributeName();
    return command.getOptionValueSource(name) === 'cli' && neededBy[name]?.includes(mode) === false;
  });
  const [first] = unused;
  if (first === undefined) return;
  const named = unused.map(({ long, flags }) => long ?? flags).join(', ');
  const ways = neededBy[first.attributeName()] ?? [];
  const isUsual = command.getOptionValueSource('powerCuts') !== 'cli';
  throw new ScenarioError(
    'option-unused',
    `${named}: nothing comes of ${unused.length === 1 ? 'it' : 'them'} with --power-cuts ${textOf(mode)}${isUsual ? ', which is the default' : ''}`,
    {
      hint: `give --power-cuts ${ways.map(textOf).join(' or ')} as well, or leave ${unused.length === 1 ? 'it' : 'them'} out`,
    },
  );
}

function textOf(mode: Mode): string {
  return mode === 'random' || mode === 'naive' ? `${mode}:N` : mode;
}
