import type { Argument, Option } from '@commander-js/extra-typings';
import { ScenarioError } from '../core/errors.ts';
import { didYouMean } from '../document/suggest.ts';
import type { Parent } from './command.ts';

/** The one of these words that a text is. Throws ScenarioError `option-invalid`, which lists them and names the nearest. */
export function oneOf<Word extends string>(option: string, words: readonly Word[], text: string): Word {
  const known = words.find((word) => word === text);
  if (known !== undefined) return known;
  throw wrongValue(option, `one of ${words.join(', ')}`, text, didYouMean(text, words));
}

/** What is said of a value on the command line that is not as it must be. */
export function wrongValue(option: string, expected: string, found: string, help = ''): ScenarioError {
  const shown = JSON.stringify(found.slice(0, 60));
  return new ScenarioError('option-invalid', `${option}: expected ${expected}, found ${shown}${help}`);
}

/** Has every option and operand with a list of choices, of a command and of those below it, answer a wrong one as `oneOf` does. */
export function nameNearest(command: Parent): void {
  for (const option of command.options) askFirst(option, option.long ?? option.flags);
  for (const operand of command.registeredArguments) askFirst(operand, `<${operand.name()}>`);
  for (const one of command.commands) nameNearest(one);
}

function askFirst(taker: Pick<Option | Argument, 'argChoices' | 'parseArg'>, name: string): void {
  const { argChoices, parseArg } = taker;
  if (argChoices === undefined || parseArg === undefined) return;
  taker.parseArg = (text, before) => {
    oneOf(name, argChoices, text);
    return parseArg(text, before);
  };
}
