import { describe, expect, it } from 'vitest';
import { groupOutcomes, manyOutcomes } from '../../../src/oracle/outcomes.ts';
import { cut } from '../report/records.ts';

describe('groupOutcomes', () => {
  it('counts every state that a boot decided', () => {
    const cuts = [
      cut('a', { decides: 40 }),
      cut('b', { decides: 2 }),
      cut('c', { outcome: 'new in B', decides: 50 }),
      cut('d', { decides: 0 }),
    ];
    expect(groupOutcomes(cuts)).toEqual([
      { name: '1.0->1.1: new in B', states: 50, example: 'c' },
      { name: '1.0->1.1: old in A', states: 42, example: 'a' },
    ]);
  });
});

describe('outcomes of later questions', () => {
  it('are told apart from those of the first, with every state that a boot decided', () => {
    const cuts = [
      cut('a', { stage: 'whole', decides: 40 }),
      cut('b', { stage: 'retry', decides: 30, outcome: 'old in A, install-failed' }),
      cut('c', { stage: 'retry', decides: 7, outcome: 'old in A, install-failed' }),
      cut('d', { stage: 'second-cut', decides: 3 }),
      cut('live', { kind: 'live' }),
    ];
    expect(groupOutcomes(cuts)).toEqual([
      { name: '1.0->1.1: old in A', stage: 'whole', states: 41, example: 'a' },
      {
        name: '1.0->1.1, done again: old in A, install-failed',
        stage: 'retry',
        states: 37,
        example: 'b',
      },
      { name: '1.0->1.1, cut again: old in A', stage: 'second-cut', states: 3, example: 'd' },
    ]);
  });
});

describe('manyOutcomes', () => {
  const old = cut('a');
  const fresh = cut('b', { outcome: 'new in B' });
  const third = cut('c', { outcome: 'new in A' });

  it('has nothing to say of two outcomes of each upgrade', () => {
    expect(manyOutcomes([old, fresh, { ...third, upgrade: '1.1->2.0' }])).toEqual([]);
  });

  it('names a third one, and where it was seen', () => {
    const [finding] = manyOutcomes([old, fresh, fresh, third]);
    expect(finding).toMatchObject({ check: 'outcomes', cut: 'c' });
    expect(finding?.message).toContain('3 ways');
    expect(finding?.message).toContain('old in A; new in B; new in A');
  });

  it('leaves failures to the findings of their own', () => {
    expect(manyOutcomes([old, fresh, { ...third, verdict: 'failed' }])).toEqual([]);
  });
});
