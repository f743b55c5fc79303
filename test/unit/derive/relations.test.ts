import { describe, expect, it } from 'vitest';
import { Moves } from '../../../src/derive/moves.ts';
import {
  moveRelations,
  needs,
  offers,
  versionedProvides,
  withAppended,
  withField,
} from '../../../src/derive/relations.ts';
import { field, stanzaText } from '../../../src/package/control/stanza.ts';
import { onlyStanza } from '../../support/stanza.ts';

describe('relations', () => {
  const moves = new Moves();
  moves.add('x', '1.0-r0', { name: 'x', version: '1.0-r1' });
  moves.add('old', '1:2', { name: 'new', version: '1:3' });

  it.each([
    ['x (= 1.0-r0)', 'x (= 1.0-r1)'],
    ['x(=1.0-r0),y', 'x(=1.0-r1),y'],
    ['x:any (= 1.0-r0) [arm64]', 'x:any (= 1.0-r1) [arm64]'],
    ['a | x (= 1.0-r0) | b, x (>= 1.0-r0)', 'a | x (= 1.0-r1) | b, x (>= 1.0-r0)'],
    ['x (= 1.0-r2)', 'x (= 1.0-r2)'],
    ['x, xx (= 1.0-r0)', 'x, xx (= 1.0-r0)'],
    ['old (= 1:2), old (>= 1), old', 'new (= 1:3), new (>= 1), old'],
    ['rtld(GNU_HASH), x', 'rtld(GNU_HASH), x'],
    ['x (= 1.0-r0', 'x (= 1.0-r0'],
  ])('%s', (before, after) => {
    for (const name of ['Depends', 'pre-depends', 'Provides', 'Conflicts'])
      expect(moveRelations([field(name, before)], moves)).toEqual([field(name, after)]);
    expect(moveRelations([field('Description', before)], moves)).toEqual([field('Description', before)]);
  });

  it('move on continuation lines too', () => {
    const made = moveRelations(onlyStanza('Depends: a,\n x (= 1.0-r0),\n b\n'), moves);
    expect(stanzaText(made)).toBe('Depends: a,\n x (= 1.0-r1),\n b\n');
  });

  it('are read however long they are', () => {
    for (const text of [
      `x (${'<'.repeat(200_000)}`,
      `x (= ${'1'.repeat(200_000)}`,
      `x${' '.repeat(200_000)}`,
    ])
      expect(moveRelations([field('Depends', text)], moves)).toEqual([field('Depends', text)]);
  });

  it('say what is provided, needed and on offer', () => {
    const control = onlyStanza(
      'Depends: a (>= 1) | b:any [arm64], c\nPre-Depends: d\nProvides: p (= 2), q, r(X)\n',
    );
    expect(versionedProvides(control)).toEqual([{ name: 'p', version: '2' }]);
    expect(needs(control)).toEqual([['d'], ['a', 'b'], ['c']]);
    expect(offers('me', control)).toEqual(['me', 'p', 'q', 'r(X)']);
  });
});

describe('fields', () => {
  const control = onlyStanza('Package: a\nDepends: x,\n y\nDescription: d\n more\n');

  it.each([
    ['depends', 'z', 'Package: a\nDepends: x, y, z\nDescription: d\n more\n'],
    ['Suggests', 'z', 'Package: a\nDepends: x,\n y\nDescription: d\n more\nSuggests: z\n'],
    ['Description', 'end', 'Package: a\nDepends: x,\n y\nDescription: d\n more\n end\n'],
    ['Package', 'end', 'Package: a end\nDepends: x,\n y\nDescription: d\n more\n'],
  ])('%s is made longer', (name, value, text) => {
    expect(stanzaText(withAppended(control, name, value))).toBe(text);
  });

  it('are set in their place, or taken away', () => {
    expect(stanzaText(withField(withField(control, 'DEPENDS', 'q'), 'description', undefined))).toBe(
      'Package: a\nDepends: q\n',
    );
  });
});
