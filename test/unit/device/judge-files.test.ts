import { describe, expect, it } from 'vitest';
import { judgeFiles } from '../../../src/device/judge-files.ts';
import type { Shipped } from '../../../src/oracle/shipped.ts';
import { parseScenario } from '../../../src/scenario/load.ts';
import { owned, path, shipped, state } from '../oracle/files.ts';

const { expect: strict } = parseScenario(
  'name: n\nmachines: [qemuarm64]\nimage: i\nagent: rauc\nreleases: ["1", "2"]\n',
  's.yaml',
);

describe('judgeFiles', () => {
  const releases: Record<string, string> = { '1': 'one', '2': 'two' };
  /** Knows of two releases what they ship. */
  const shippedIn = (release: string): Shipped | undefined => {
    const content = releases[release];
    return content === undefined ? undefined : (at) => (at === path ? shipped(content) : undefined);
  };
  const untouched = { release: '1', files: [owned('one', 'one')] };

  it('asks what was shipped when the owner came, and what may be shipped now', () => {
    const after = (content: string, allowed: string[]) =>
      judgeFiles({ expect: strict, shipped: shippedIn }, untouched, [state(content)], allowed);
    expect(after('two', ['2'])).toMatchObject({ verdict: 'passed', message: '1 default' });
    expect(after('one', ['2']).files[0]?.fate).toBe('stale default');
    expect(after('one', ['1', '2']).verdict).toBe('passed');
    expect(after('two', ['3'])).toMatchObject({ verdict: 'failed', code: 'configuration-lost' });
  });

  it('takes each file for the owner’s where nobody knows of packages', () => {
    const judged = judgeFiles({ expect: strict, shipped: () => undefined }, untouched, [state('two')], ['2']);
    expect(judged).toMatchObject({ verdict: 'failed', code: 'configuration-lost' });
    expect(judged.files[0]).toMatchObject({ case: 'unedited', fate: 'lost' });
  });
});
