import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../../../src/package/control/version.ts';

const part = (characters: string) =>
  fc.array(fc.constantFrom(...characters.split(/(?:)/)), { maxLength: 6 }).map((list) => list.join(''));
const upstream = fc
  .tuple(fc.constantFrom('0', '1', '2', '3'), part('0129aAzZ.+~-'))
  .map((pieces) => pieces.join(''));
const version = fc
  .tuple(fc.constantFrom('', '', '0:', '1:', '02:', '10:'), upstream, fc.option(part('01ar.+~')))
  .map(([epoch, main, revision]) => `${epoch}${main}${revision ? `-${revision}` : ''}`)
  .filter((text) => !text.endsWith('-'));

describe('compareVersions', () => {
  it.each([
    ['1.0', '<', '1.1'],
    ['1.9', '<', '1.10'],
    ['1.0~rc1', '<', '1.0'],
    ['1.0~~', '<', '1.0~'],
    ['1.0', '<', '1.0a'],
    ['1.0a', '<', '1.0+'],
    ['9.9', '<', '1:0.1'],
    ['1.0-r0', '<', '1.0-r0.1'],
    ['1.0-r9', '<', '1.0-r10'],
    ['1.0', '=', '1.0-0'],
    ['1.0', '=', '0:1.00'],
    ['1.0-r0', '<', '1.0.1-r0'],
    ['1.0-2-r0', '<', '1.0-10-r0'],
    ['6.3+20220423-r0', '<', '6.4-r0'],
    ['1.1.2~r1', '<', '1.1.2'],
    ['99999999999999999998', '<', '99999999999999999999'],
    ['1.0+git0+abc-r0', '<', '1.0+git1+abc-r0'],
  ])('%s %s %s', (a, relation, b) => {
    expect(Math.sign(compareVersions(a, b))).toBe(relation === '<' ? -1 : 0);
    expect(Math.sign(compareVersions(b, a))).toBe(relation === '<' ? 1 : 0);
  });

  it('orders any texts: reflexive, antisymmetric, transitive', () => {
    const any = fc.oneof(version, fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(compareVersions(a, a)).toBe(0);
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        const sorted = [a, b, c].sort(compareVersions) as [string, string, string];
        expect(compareVersions(sorted[0], sorted[2])).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });
});
