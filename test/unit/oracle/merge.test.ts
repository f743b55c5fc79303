import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsChanges } from '../../../src/oracle/merge.ts';

function holds(base: string, owner: string, now: string, newDefault?: string): boolean {
  const bytes = (text: string) => Buffer.from(text.replaceAll(' ', '\n'), 'latin1');
  return holdsChanges({
    base: bytes(base),
    owner: bytes(owner),
    now: bytes(now),
    newDefault: newDefault === undefined ? undefined : bytes(newDefault),
  });
}

describe('holdsChanges', () => {
  it.each([
    ['a changed line, and one that the packages added', 'a b', 'a B', 'a B c', 'a b c'],
    ['a line that the packages took out', 'a b c', 'A b c', 'A b', 'a b'],
    ['a line that the owner took out', 'a b c', 'a c', 'a c d', 'a b c d'],
    ['an equal change of both', 'a b', 'a B', 'a B', 'a B'],
    ['one of several equal lines taken out', 'x a x b', 'x a b', 'x a b c', 'x a x b c'],
    ['lines in another order', 'a b', 'b a', 'b a c', 'a b c'],
    ['a line that the owner took out and the packages put in once more', 'a b', 'a', 'a b', 'a b b'],
    ['a last line without an end', 'a b\n', 'a B', 'a B\n', 'a b\n'],
  ])('takes %s', (_, base, owner, now, newDefault) => {
    expect(holds(base, owner, now, newDefault)).toBe(true);
  });

  it.each([
    ['a changed line that is missing', 'a b', 'a B', 'a b c', 'a b c'],
    ['a changed line beside the old one', 'a b', 'a B', 'a b B', 'a b'],
    ['a removed line that is back', 'a b c', 'a c', 'a b c d', 'a b c d'],
    ['an order that is the old one again', 'a b', 'b a', 'a b c', 'a b c'],
    ['a line that the owner wrote and the packages took out elsewhere', 'a b', 'a b b', 'a', 'a'],
    ['an emptied file that is full again', 'a b', '', 'c', 'c'],
    ['an unchanged line that nobody took out', 'a b', 'A b', 'A', 'a b'],
  ])('does not take %s', (_, base, owner, now, newDefault) => {
    expect(holds(base, owner, now, newDefault)).toBe(false);
  });

  it('lets the packages change nothing where nobody knows the new default', () => {
    expect(holds('a b', 'a B', 'a B c')).toBe(true);
    expect(holds('a b c', 'a B c', 'a B')).toBe(false);
  });

  it('compares bytes that are no UTF-8, and takes nothing with NUL for text', () => {
    expect(holds('a', 'a \xff', 'a \xff b')).toBe(true);
    expect(holds('a', 'a \xff', 'a \xfe b')).toBe(false);
    expect(holds('a', 'a \0', 'a \0 b')).toBe(false);
  });

  /** Of each line: what the owner and the packages did, never both. */
  const edits = fc.array(
    fc.constantFrom(
      'keep',
      'owner drops',
      'owner changes',
      'owner adds',
      'packages drop',
      'packages change',
      'packages add',
    ),
    { minLength: 1, maxLength: 12 },
  );

  function versions(list: readonly string[]) {
    const lines = (who: (edit: string, i: number) => string[]) =>
      list
        .flatMap(who)
        .map((line) => `${line}\n`)
        .join('');
    const side =
      (name: string) =>
      (edit: string, i: number): string[] => {
        if (edit === `${name} drops` || edit === `${name} drop`) return [];
        if (edit === `${name} changes` || edit === `${name} change`) return [`${name} ${i}`];
        return edit === `${name} adds` || edit === `${name} add` ? [`${i}`, `${name} ${i}`] : [`${i}`];
      };
    const owner = side('owner');
    const packages = side('packages');
    return {
      base: Buffer.from(lines((_, i) => [`${i}`])),
      owner: Buffer.from(lines(owner)),
      newDefault: Buffer.from(lines(packages)),
      now: Buffer.from(lines((edit, i) => (edit.startsWith('owner') ? owner(edit, i) : packages(edit, i)))),
    };
  }

  it('takes every merge of changes to different lines, and none that lacks a line of the owner', () => {
    fc.assert(
      fc.property(edits, fc.nat(), (list, n) => {
        const { base, owner, newDefault, now } = versions(list);
        const written = list.flatMap((edit, i) =>
          /^owner (add|change)s$/.test(edit) ? [`owner ${i}\n`] : [],
        );
        fc.pre(written.length > 0);
        expect(holdsChanges({ base, owner, now, newDefault })).toBe(true);
        const missing = written[n % written.length]!;
        const torn = Buffer.from(now.toString().replace(missing, ''));
        expect(holdsChanges({ base, owner, now: torn, newDefault })).toBe(false);
      }),
    );
  });
});
