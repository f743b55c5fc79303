import { ScenarioError } from '../core/errors.ts';
import { didYouMean } from '../document/suggest.ts';
import type { PowerCuts } from '../model/scenario.ts';

/** More boots than anyone waits for; a slip of the finger otherwise runs for weeks. */
const maxCuts = 100_000;

/** Reads `none`, `all`, `random:N` or `naive:N` from the command line. Throws ScenarioError `power-cuts-invalid`. */
export function parsePowerCuts(text: string): PowerCuts {
  if (text === 'none') return { mode: 'none' };
  if (text === 'all') return { mode: 'all' };
  const [, mode, digits] = /^(random|naive):(\d{1,9})$/.exec(text) ?? [];
  const count = Number(digits);
  if (mode !== undefined && count >= 1 && count <= maxCuts)
    return { mode: mode as 'random' | 'naive', count };
  const word = text.split(/[:=]/)[0] ?? '';
  if (mode !== undefined)
    throw invalid(`expected a number of cuts from 1 to ${maxCuts}, found ${digits ?? ''}`);
  const help = ['none', 'all', 'random', 'naive'].includes(word)
    ? ''
    : didYouMean(word, ['none', 'all', 'random', 'naive']);
  throw invalid(`expected none, all, random:N or naive:N, found ${JSON.stringify(text.slice(0, 60))}${help}`);
}

function invalid(message: string, hint?: string): ScenarioError {
  return new ScenarioError(
    'power-cuts-invalid',
    `--power-cuts: ${message}`,
    hint === undefined ? {} : { hint },
  );
}
