import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRpmVersions } from '../../../../src/package/rpm/version.ts';
import { needPrograms } from '../../../support/host-programs.ts';
import { anyVersion, knownVersions } from '../../../unit/package/rpm/versions.ts';

describe('compareRpmVersions and rpm', () => {
  needPrograms('rpm');

  it('agree', () => {
    const drawn = fc.sample(fc.tuple(anyVersion, anyVersion), { numRuns: 600, seed: 7 });
    const pairs = [...knownVersions.map(([a, , b]): [string, string] => [a, b]), ...drawn];
    const calls = pairs.map(([a, b]) => `print(rpm.vercmp("${a}", "${b}") .. ";")`).join('\n');
    const { stdout, stderr } = spawnSync('rpm', ['--eval', `%{lua:${calls}}`], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const ours = pairs.map(([a, b]) => String(Math.sign(compareRpmVersions(a, b))));
    expect(new Set(ours).size).toBe(3);
    expect(stdout.split(/[;\s]+/).filter((one) => one !== '')).toEqual(ours);
  });
});
