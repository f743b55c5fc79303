import { commandLine } from '../core/quote.ts';
import type { RunRecord } from '../model/record.ts';
import { oneLine } from './text.ts';

/** The command that takes the same cuts again: they follow from the recording that was kept and the seed. */
export function againCommand({ scenarioFile, machine, powerCuts, seed }: RunRecord): string {
  const drawn = powerCuts === 'none' ? [] : ['--seed', seed];
  const options = ['--machine', machine, '--power-cuts', powerCuts, ...drawn];
  return commandLine(['brownout', 'run', scenarioFile, ...options].map((word) => oneLine(word, 500)));
}
