import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRpmVersions, parseEvr } from '../../../../src/package/rpm/version.ts';
import { needPrograms } from '../../../support/host-programs.ts';

/** What rpm itself is tested with (rpm, tests/rpmvercmp.at), and its oddities. */
const known: [string, '<' | '=', string][] = [
  ['1.0', '=', '1.0'],
  ['1.0', '<', '2.0'],
  ['2.0', '<', '2.0.1'],
  ['2.0.1', '<', '2.0.1a'],
  ['5.5p1', '<', '5.5p2'],
  ['5.5p1', '<', '5.5p10'],
  ['10xyz', '<', '10.1xyz'],
  ['xyz10', '<', 'xyz10.1'],
  ['xyz.4', '<', '8'],
  ['xyz.4', '<', '2'],
  ['5.5p2', '<', '5.6p1'],
  ['5.6p1', '<', '6.5p1'],
  ['6.0', '<', '6.0.rc1'],
  ['10a2', '<', '10b2'],
  ['1.0a', '<', '1.0aa'],
  ['10.0001', '=', '10.1'],
  ['10.0001', '<', '10.0039'],
  ['4.999.9', '<', '5.0'],
  ['20101121', '<', '20101122'],
  ['2.0', '=', '2_0'],
  ['a+', '=', 'a_'],
  ['+a', '=', '_a'],
  ['+', '=', '_'],
  ['1.0~rc1', '<', '1.0'],
  ['1.0~rc1', '<', '1.0~rc2'],
  ['1.0~rc1~git123', '<', '1.0~rc1'],
  ['1.0', '<', '1.0^'],
  ['1.0^', '<', '1.0^git1'],
  ['1.0^git1', '<', '1.0^git2'],
  ['1.0^git1', '<', '1.01'],
  ['1.0', '<', '1.0-'],
  ['1.0-', '<', '1.0-0'],
  ['1.0^20160101', '<', '1.0.1'],
  ['1.0^20160101^git1', '<', '1.0^20160102'],
  ['1.0~rc1', '<', '1.0~rc1^git1'],
  ['1.0~rc1^git1', '<', '1.0'],
  ['1.0^git1~pre', '<', '1.0^git1'],
  ['1b.fc17', '<', '1.fc17'],
  ['1.fc17', '<', '1g.fc17'],
  ['1.0-r0', '<', '1.0-r0.1'],
  ['1.0-r9', '<', '1.0-r10'],
  ['9.9-1', '<', '1:0.1-1'],
  ['1.0-1', '=', '0:1.0-1'],
  ['99999999999999999998', '<', '99999999999999999999'],
];

const part = fc.stringMatching(/^[0-9aAzZ.+_~^]{1,7}$/);
const version = fc
  .tuple(fc.constantFrom('', '0:', '1:', '10:'), part, fc.option(part))
  .map(([epoch, main, release]) => `${epoch}${main}${release === null ? '' : `-${release}`}`);

describe('compareRpmVersions', () => {
  it.each(known)('%s %s %s', (a, relation, b) => {
    expect(Math.sign(compareRpmVersions(a, b))).toBe(relation === '<' ? -1 : 0);
    expect(Math.sign(compareRpmVersions(b, a)) + 0).toBe(relation === '<' ? 1 : 0);
  });

  it('compares any texts: with itself the same, and the other way round the opposite', () => {
    const any = fc.oneof(version, fc.string({ maxLength: 8 }));
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

describe('compareRpmVersions and rpm', () => {
  needPrograms('rpm');

  it('agree', () => {
    const drawn = fc.sample(fc.tuple(version, version), { numRuns: 600, seed: 7 });
    const pairs = [...known.map(([a, , b]): [string, string] => [a, b]), ...drawn];
    const calls = pairs.map(([a, b]) => `print(rpm.vercmp("${a}", "${b}") .. ";")`).join('\n');
    const { stdout, stderr } = spawnSync('rpm', ['--eval', `%{lua:${calls}}`], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const ours = pairs.map(([a, b]) => String(Math.sign(compareRpmVersions(a, b))));
    expect(new Set(ours).size).toBe(3);
    expect(stdout.split(/[;\s]+/).filter((one) => one !== '')).toEqual(ours);
  });
});
