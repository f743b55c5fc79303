import type { CutRecord, Finding, Outcome, StageName } from '../model/record.ts';

/** What an outcome's name says of the question that it answers. */
const questions = {
  whole: '',
  retry: ', done again',
  'second-cut': ', cut again',
  'third-cut': ', cut three times',
  'fourth-cut': ', cut four times',
  'reset-storm': ', reset again and again',
} as const satisfies Record<StageName, string>;

/**
 * Groups cuts by upgrade, question and outcome: those of the first question first, and of each the most frequent. A boot
 * stands for all states that it decided.
 */
export function groupOutcomes(cuts: readonly CutRecord[]): Outcome[] {
  const groups = new Map<string, Outcome>();
  for (const { id, upgrade, outcome, stage, decides = 1 } of cuts) {
    const name = `${upgrade}${questions[stage ?? 'whole']}: ${outcome}`;
    const group = groups.get(name) ?? { name, states: 0, example: id };
    const of = stage === undefined ? {} : { stage };
    groups.set(name, { ...group, ...of, states: group.states + decides });
  }
  const place = ({ stage = 'whole' }: Outcome) => Object.keys(questions).indexOf(stage);
  return [...groups.values()].sort(
    (a, b) => place(a) - place(b) || b.states - a.states || a.name.localeCompare(b.name),
  );
}

/** How many boots it took until one failed, in their order; undefined where none did. The live cut is none of them. */
export function bootsUntilFound(cuts: readonly CutRecord[]): number | undefined {
  const at = cuts.filter(({ kind }) => kind !== 'live').findIndex(({ verdict }) => verdict === 'failed');
  return at < 0 ? undefined : at + 1;
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
