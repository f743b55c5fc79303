import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { chosenCases } from '../../../src/conform/cases/index.ts';

const all = chosenCases({ ids: [], groups: [] });

it('has each case once, named by its group', () => {
  const ids = all.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, group } of all) expect(id).toMatch(new RegExp(`^${group.charAt(0).toUpperCase()}\\d+$`));
});

it('has no case that ends without a look at the device', () => {
  for (const one of all)
    if ('actions' in one) expect([one.id, one.actions.at(-1)?.do]).toEqual([one.id, 'see']);
});

it('is what the manual says', () => {
  const manual = readFileSync('scenarios/README.md', 'utf8');
  const rows = [...manual.matchAll(/^\| ([A-Z]\d+) \| (.*?) \| (.*?) \|(?: (.*))? \|$/gm)].map(
    ([, id, title, from, needs = '']) => ({ id, title, from, needs }),
  );
  expect(rows).toEqual(
    all.map(({ id, title, needs, ...one }) => ({
      id,
      title,
      from: 'from' in one ? one.from.replace('-', ' ') : 'recorded',
      needs: needs.map((one) => `\`${one}\``).join(', '),
    })),
  );
});

it.each([
  [{ ids: ['B2'], groups: [] }, ['B2']],
  [
    { ids: ['I1'], groups: ['transport'] },
    ['I1', 'T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11'],
  ],
])('takes those that are asked for: %o', (choice, ids) => {
  expect(chosenCases(choice).map(({ id }) => id)).toEqual(ids);
});

it('names the group that was meant', () => {
  expect(() => chosenCases({ ids: [], groups: ['instal'] })).toThrow(
    'no group instal; did you mean "install"?',
  );
});
