import { describe, expect, it } from 'vitest';
import { resolvePaths } from '../../../src/scenario/paths.ts';

describe('resolvePaths', () => {
  const releases = ['1.0', '1.1', '2.0'];

  it('takes every release in order, or skips to the last', () => {
    expect(resolvePaths(releases, ['adjacent', 'skip'])).toEqual([
      ['1.0', '1.1', '2.0'],
      ['1.0', '2.0'],
    ]);
  });

  it('keeps explicit paths and drops repetitions', () => {
    expect(resolvePaths(releases, [['1.1', '2.0'], 'skip', ['1.0', '2.0']])).toEqual([
      ['1.1', '2.0'],
      ['1.0', '2.0'],
    ]);
  });

  it('knows that with two releases adjacent and skip are one path', () => {
    expect(resolvePaths(['1', '2'], ['adjacent', 'skip'])).toEqual([['1', '2']]);
  });
});
