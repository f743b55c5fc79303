import type { CutRecord, Finding } from '../model/record.ts';

/** One way in which devices came out of a cut, and how many did. */
export interface Outcome {
  name: string;
  states: number;
  /** Id of one such state. */
  example: string;
}

/** Groups cuts by upgrade and outcome, most frequent first; a boot stands for all states that it decided. */
export function groupOutcomes(cuts: readonly CutRecord[]): Outcome[] {
  const groups = new Map<string, Outcome>();
  for (const cut of cuts) {
    const name = `${cut.upgrade}: ${cut.outcome}`;
    const group = groups.get(name) ?? { name, states: 0, example: cut.id };
    groups.set(name, { ...group, states: group.states + (cut.decides ?? 1) });
  }
  return [...groups.values()].sort((a, b) => b.states - a.states || a.name.localeCompare(b.name));
}

/** An upgrade that can end in more than one old and one new state, all of them sound in themselves, is not atomic. */
export function manyOutcomes(cuts: readonly CutRecord[]): Finding[] {
  const upgrades = new Map<string, Map<string, CutRecord>>();
  for (const cut of cuts) {
    if (cut.verdict !== 'passed') continue;
    const ways = upgrades.get(cut.upgrade) ?? new Map<string, CutRecord>();
    upgrades.set(cut.upgrade, ways);
    if (!ways.has(cut.outcome)) ways.set(cut.outcome, cut);
  }
  return [...upgrades].flatMap(([upgrade, ways]) => {
    const third = [...ways.values()][2];
    if (third === undefined) return [];
    return [
      {
        check: 'outcomes',
        message: `a cut of ${upgrade} can end in ${ways.size} ways, not in an old and a new state alone: ${[...ways.keys()].join('; ')}`,
        cut: third.id,
        token: third.token ?? '',
        during: `${third.during} ${upgrade}, ${third.description}`,
        states: 1,
        minimal: [],
        files: [],
      },
    ];
  });
}
