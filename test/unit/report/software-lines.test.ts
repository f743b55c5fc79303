import { describe, expect, it } from 'vitest';
import type { InstalledPackage, SoftwareChange } from '../../../src/model/software.ts';
import { softwareLines } from '../../../src/report/software-text.ts';

const at = (name: string, version: string): InstalledPackage => ({
  name,
  version,
  architecture: 'all',
  state: 'installed',
});
const upgraded = (name: string): SoftwareChange => ({
  kind: 'upgraded',
  name,
  before: at(name, '1'),
  after: at(name, '2'),
  differs: ['version'],
});

describe('softwareLines', () => {
  const table = (changes: SoftwareChange[]) => ({
    upgrade: '4.0.1->4.0.2',
    diff: { changes, unchanged: 77 },
    documents: ['sbom/p1-4.0.2.spdx-2.3.json'],
  });

  it('counts what changed, and names it', () => {
    expect(softwareLines(table([upgraded('curl'), upgraded('base-files')]))).toEqual([
      'packages: 2 upgraded, 77 as before (4.0.1->4.0.2); sbom/p1-4.0.2.spdx-2.3.json',
      '  upgraded  curl        1 -> 2',
      '  upgraded  base-files  1 -> 2',
    ]);
  });

  it('names ten at most', () => {
    const lines = softwareLines(table(Array.from({ length: 12 }, (_, i) => upgraded(`p${i}`))));
    expect(lines).toHaveLength(12);
    expect(lines.at(-1)).toBe('  and 2 more in run.json');
  });
});
