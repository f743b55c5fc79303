import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../../../src/package/control/version.ts';
import { needPrograms } from '../../../support/host-programs.ts';

const part = (characters: string) =>
  fc.array(fc.constantFrom(...characters.split(/(?:)/)), { maxLength: 6 }).map((list) => list.join(''));
const upstream = fc
  .tuple(fc.constantFrom('0', '1', '2', '3'), part('0129aAzZ.+~-'))
  .map((pieces) => pieces.join(''));
const version = fc
  .tuple(fc.constantFrom('', '', '0:', '1:', '02:', '10:'), upstream, fc.option(part('01ar.+~')))
  .map(([epoch, main, revision]) => `${epoch}${main}${revision ? `-${revision}` : ''}`)
  .filter((text) => !text.endsWith('-'));

describe('compareVersions and dpkg', () => {
  needPrograms('dpkg');

  it('agree', () => {
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 300, seed: 7 });
    const script =
      'while read -r a b; do if dpkg --compare-versions "$a" lt "$b"; then echo "<"; ' +
      'elif dpkg --compare-versions "$a" eq "$b"; then echo "="; else echo ">"; fi; done';
    const input = pairs.map(([a, b]) => `${a} ${b}\n`).join('');
    const { stdout, stderr } = spawnSync('sh', ['-c', script], { input, encoding: 'utf8' });
    expect(stderr).toBe('');
    const ours = pairs.map(([a, b]) => '<=>'[Math.sign(compareVersions(a, b)) + 1]);
    expect(new Set(ours).size).toBe(3);
    expect(stdout.trim().split('\n')).toEqual(ours);
  }, 60_000);
});
