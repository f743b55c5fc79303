import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRpmVersions, parseEvr } from '../../../../src/package/rpm/version.ts';
import { anyVersion, knownVersions } from './versions.ts';

describe('compareRpmVersions', () => {
  it.each(knownVersions)('%s %s %s', (a, relation, b) => {
    expect(Math.sign(compareRpmVersions(a, b))).toBe(relation === '<' ? -1 : 0);
    expect(Math.sign(compareRpmVersions(b, a)) + 0).toBe(relation === '<' ? 1 : 0);
  });

  it('compares any texts: with itself the same, and the other way round the opposite', () => {
    const any = fc.oneof(anyVersion, fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(compareRpmVersions(a, a)).toBe(0);
        expect(Math.sign(compareRpmVersions(a, b)) + Math.sign(compareRpmVersions(b, a))).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a version apart', () => {
    expect(parseEvr('2:1.0-3-r0')).toEqual({ epoch: '2', version: '1.0-3', release: 'r0' });
    expect(parseEvr('1.0')).toEqual({ version: '1.0' });
    expect(parseEvr('a:1.0')).toEqual({ version: 'a:1.0' });
  });
});
