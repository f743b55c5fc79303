import { runConformance } from '../../../src/runner/conform.ts';
import type { RunOptions } from '../../../src/runner/run-scenarios.ts';
import { slotLab } from './lab.ts';
import type { SlotTraits } from './slot-guest.ts';

/** What the suite is asked on a simulated device. */
export interface Asked {
  /** Case ids; none: all. */
  cases?: string[];
  /** Fields of the scenario. */
  fields?: Record<string, unknown>;
  /** What is said of the run besides. */
  run?: Partial<Pick<RunOptions, 'jobs' | 'signal' | 'events'>>;
}

/** Fields of a scenario with a release for each part that most cases have. */
export const three = { releases: ['1.0', '1.1', '2.0'] };

/** A script that drives the simulated updater. */
export const updater = {
  ...{ name: 'script', bundle: 'verity', install: 'update', confirm: 'rauc status mark-good' },
};

/** Fields of a scenario whose updater claims to do this. */
export function claims(...abilities: string[]): Record<string, unknown> {
  return { ...three, agent: { ...updater, abilities } };
}

/** Fields of a scenario whose device a hawkBit server orders to install. */
export const ordered = { ...three, agent: { name: 'rauc', delivery: 'hawkbit' } };

/** Does cases of the suite with a simulated device. */
export async function suite(traits: SlotTraits, { cases = [], fields = three, run = {} }: Asked = {}) {
  const lab = await slotLab(traits);
  await lab.scenario(fields);
  const options = await lab.options(run);
  const choice = { ids: cases, groups: [] };
  const [record] = await runConformance({ ...options, choice, budgetMs: 600_000, reuse: true });
  if (record === undefined) throw new Error('the suite has left no record');
  return { record, lab };
}
