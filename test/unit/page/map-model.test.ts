import { describe, expect, it } from 'vitest';
import type { StageStates, TraceStates } from '../../../src/model/states.ts';
import { mapModel } from '../../../src/page/map-model.ts';
import { states } from '../report/states.ts';

const trace = states().traces[0] as TraceStates;
const stage = trace.stages[0] as StageStates;

/** Of each row, how many states of each category lie at each write. */
function counts(colour: 'outcome' | 'boot' = 'outcome'): Record<string, Record<string, number[]>> {
  const { rows, categories, writes } = mapModel(trace, stage, colour);
  return Object.fromEntries(
    rows.map(({ kind, before }) => [
      kind,
      Object.fromEntries(
        categories.map(({ key }, i) => [
          key,
          Array.from(
            { length: writes },
            (_, column) => (before[i]?.[column + 1] ?? 0) - (before[i]?.[column] ?? 0),
          ),
        ]),
      ),
    ]),
  );
}

describe('the cut map', () => {
  it('has a row for each kind of state that there is, and each state at its writes', () => {
    const none = [0, 0];
    expect(counts()).toEqual({
      prefix: { 'old-0': [1, 0], 'fail-0': none, 'given-up': none, open: [0, 1] },
      none: { 'old-0': [1, 0], 'fail-0': [0, 1], 'given-up': none, open: none },
      only: { 'old-0': [0, 1], 'fail-0': none, 'given-up': none, open: none },
      torn: { 'old-0': [7 + 7 + 7, 3 + 3], 'fail-0': none, 'given-up': [0, 3], open: none },
    });
  });

  it('counts states by what came up, the old release first and what is open last', () => {
    const { categories } = mapModel(trace, stage, 'outcome');
    expect(categories.map(({ key, name, states: count }) => [key, name, count])).toEqual([
      ['old-0', 'old (1.0) in A', 30],
      ['fail-0', 'release-mixed', 1],
      ['given-up', 'given up: failed in that way already', 3],
      ['open', 'undecided', 1],
    ]);
    const all = categories.reduce((sum, { states: count }) => sum + count, 0);
    expect(all).toBe(12 + 2 + 10 + 10 + 1);
  });

  it('colours by boot where asked to', () => {
    expect(Object.keys(counts('boot')['none'] ?? {})).toEqual(['boot-0', 'boot-1', 'given-up', 'open']);
  });

  it('says where a state is, and what is at a write', () => {
    const model = mapModel(trace, stage, 'outcome');
    expect(model.placeOf('7.none')).toEqual({ column: 1, row: 'none' });
    expect(model.placeOf('6.head2of2')).toEqual({ column: 1, row: 'torn' });
    expect(model.placeOf('7.only2')).toEqual({ column: 1, row: 'only' });
    expect(model.placeOf('nonsense')).toBeUndefined();
    expect(model.at(1).map(({ row, id, states: count, by }) => [row, id, count, by])).toEqual([
      ['prefix', '6', 1, -1],
      ['none', '7.none', 1, 1],
      ['only', '7.only2', 1, 0],
      ['torn', '6.head1of2', 3, 0],
      ['torn', '6.tail1of2', 3, -2],
      ['torn', '6.zero1of2', 3, 0],
    ]);
  });
});
