import { expect, it } from 'vitest';
import { kindCounter } from '../../../src/crash/decided-kinds.ts';
import type { Tally } from '../../../src/explore/coverage.ts';

it('kinds of states are counted anew after some seconds, those that there are', () => {
  let now = 0;
  let decided = 1;
  const zero = { prefix: 0, lost: 0, torn: 0, subset: 0, sampled: 0 };
  const tally = (): Tally => ({
    ...{ all: { ...zero, prefix: 5, torn: 2 }, decided: { ...zero, prefix: decided } },
    ...{ skipped: zero, undecided: zero },
  });
  const count = kindCounter(() => now);
  const first = [
    { kind: 'prefix', decided: 2, all: 10 },
    { kind: 'torn', decided: 0, all: 4 },
  ];
  expect(count([{ tally }, { tally }])).toEqual(first);
  decided = 3;
  now = 4000;
  expect(count([{ tally }, { tally }])).toEqual(first);
  now = 5000;
  expect(count([{ tally }])?.[0]).toEqual({ kind: 'prefix', decided: 3, all: 5 });
});
