import { describe, expect, it } from 'vitest';
import { globMatcher } from '../../../src/core/glob.ts';

describe('globMatcher', () => {
  it.each([
    ['usr/bin/rauc', 'usr/bin/rauc', true],
    ['usr/bin/rauc', 'usr/bin/rauc2', false],
    ['usr/bin/fw_*', 'usr/bin/fw_setenv', true],
    ['usr/bin/*', 'usr/bin/.hidden', true],
    ['usr/bin/*', 'usr/bin/a/b', false],
    ['usr/*/x', 'usr/a/b/x', false],
    ['usr/**/x', 'usr/a/b/x', true],
    ['usr/**/x', 'usr/.a/x', true],
    ['usr/**/x', 'usr/x', true],
    ['usr/**/x', 'usr/ax', false],
    ['usr/**', 'usr/a/.b', true],
    ['usr/**', 'usr', false],
    ['**/x', 'x', true],
    ['**/x', 'a/b/x', true],
    ['**', 'a/b', true],
    ['/usr/**', '/usr/a/b', true],
    ['/**/x', '/x', true],
    ['/**/x', '/a/x', true],
    ['/usr/*', 'usr/a', false],
    ['usr/*', '/usr/a', false],
  ])('%s against %s: %s', (pattern, path, expected) => {
    expect(globMatcher(pattern)(path)).toBe(expected);
  });

  it.each([
    ['usr/lib**.so', 'usr/lib/a/b.so'],
    ['usr/lib**.so', 'usr/libx.so'],
    ['usr/**.so', 'usr/a/b.so'],
    ['usr/a**', 'usr/a/b'],
  ])('%s goes across folders within a word as well: %s', (pattern, path) =>
    expect(globMatcher(pattern)(path)).toBe(true),
  );

  it.each(['usr/bin/[', 'a+b(c|d){e,f}!?@$^', 'x\\x2dy.slice', '!a', '#a b'])(
    'takes other signs for themselves: %s',
    (name) => expect(globMatcher(name)(name)).toBe(true),
  );

  it.each([
    ['a.b', 'axb'],
    ['a?', 'ab'],
    ['[ab]', 'a'],
    ['{a,b}', 'a'],
    ['!a', 'b'],
  ])('and for nothing else: %s is not %s', (pattern, path) => expect(globMatcher(pattern)(path)).toBe(false));
});
