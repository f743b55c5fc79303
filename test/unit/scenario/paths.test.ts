import { describe, expect, it } from 'vitest';
import { resolvePaths } from '../../../src/scenario/paths.ts';

describe('resolvePaths', () => {
  const releases = [['1.0', '1.1', '2.0']];

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

  it('keeps a path of one release that was asked for', () => {
    expect(resolvePaths([['1'], ['2']], ['adjacent', 'all', ['1']])).toEqual([['1']]);
  });

  it('knows that with two releases adjacent and skip are one path', () => {
    expect(resolvePaths([['1', '2']], ['adjacent', 'skip'])).toEqual([['1', '2']]);
  });

  it('goes from each release to each later one, or backwards', () => {
    expect(resolvePaths(releases, ['all'])).toEqual([
      ['1.0', '1.1'],
      ['1.0', '2.0'],
      ['1.1', '2.0'],
    ]);
    expect(resolvePaths(releases, ['downgrade'])).toEqual([['2.0', '1.1', '1.0']]);
  });

  it('stays within a branch, or goes from the latest of one to the latest of the next', () => {
    const branches = [['4.0.1', '4.0.2', '4.0.3'], ['4.2.1'], ['4.3.1', '4.3.2']];
    expect(resolvePaths(branches, ['adjacent'])).toEqual([
      ['4.0.1', '4.0.2', '4.0.3'],
      ['4.3.1', '4.3.2'],
    ]);
    expect(resolvePaths(branches, ['between'])).toEqual([
      ['4.0.3', '4.2.1'],
      ['4.2.1', '4.3.2'],
    ]);
    expect(resolvePaths(releases, ['between'])).toEqual([]);
  });
});
