import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from '../../../src/document/suggest.ts';

describe('nearest', () => {
  it.each([
    ['relaeses', 'releases'],
    ['release', 'releases'],
    ['MACHINES', 'machines'],
    ['machin', 'machines'],
    ['machnies', 'machines'],
    ['conf', 'configuration'],
  ])('%s is most likely %s', (word, expected) => {
    expect(nearest(word, ['name', 'releases', 'machines', 'configuration'])).toBe(expected);
  });

  it('names nothing when nothing is near', () => {
    expect(nearest('kernel', ['name', 'machines'])).toBeUndefined();
    expect(nearest('', ['name'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
    expect(didYouMean('kernel', ['name'])).toBe('');
  });

  it('prefers the nearer of two', () => {
    expect(nearest('qemuarm46', ['qemux86-64', 'qemuarm64'])).toBe('qemuarm64');
  });

  it('is quick on long words', () => {
    expect(nearest('x'.repeat(1_000_000), ['name'])).toBeUndefined();
  });
});
