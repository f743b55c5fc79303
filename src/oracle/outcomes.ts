import type { CutRecord } from '../model/record.ts';

/** One way in which devices came out of a cut, and how many did. */
export interface Outcome {
  name: string;
  states: number;
  /** Id of one such state. */
  example: string;
}

/** Groups cuts by step and outcome, most frequent first; a boot stands for all states that it decided. */
export function groupOutcomes(cuts: readonly CutRecord[]): Outcome[] {
  const groups = new Map<string, Outcome>();
  for (const cut of cuts) {
    const name = `${cut.step}: ${cut.outcome}`;
    const group = groups.get(name) ?? { name, states: 0, example: cut.id };
    groups.set(name, { ...group, states: group.states + (cut.decides ?? 1) });
  }
  return [...groups.values()].sort((a, b) => b.states - a.states || a.name.localeCompare(b.name));
}
