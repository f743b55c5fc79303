import { describe, expect, it } from 'vitest';
import { admissionScreen } from '../../../src/admission/admission-screen.ts';
import { admission } from './admissions.ts';

const folder = 'reports/20261121T034500Z-admit-tool';

describe('the last screen of an admission', () => {
  it('says what did not pass before what did, and ends with the dossier, its page and the finding as a command', () => {
    const lines = admissionScreen(admission(), folder).trimEnd().split('\n');
    expect(lines[0]).toBe('tool: failed');
    const verdicts = lines.flatMap((line) => /^ {2}[\w-]+ on qemuarm64: ([\w ]+);/.exec(line)?.[1] ?? []);
    expect(verdicts[0]).toBe('failed');
    expect(verdicts).toContain('unknown');
    expect(verdicts.lastIndexOf('failed')).toBeLessThan(verdicts.indexOf('unknown'));
    expect(lines.slice(-3)).toEqual([
      `dossier: ${folder}/admission.md`,
      `page: ${folder}/index.html`,
      'next: brownout replay tool:qemuarm64:aa',
    ]);
  });

  it('opens the page where there is nothing to replay, and has room on 80 columns and 24 rows', () => {
    const { packages, ...rest } = admission();
    const [one] = packages;
    if (one === undefined) throw new Error('no package');
    const without = one.criteria.map((found) => ({
      ...found,
      findings: [],
      summary: 'what it is '.repeat(30),
    }));
    const many = Array.from({ length: 12 }, (_, i) => ({ ...one, name: `tool${i}`, criteria: without }));
    const lines = admissionScreen({ ...rest, packages: many }, folder)
      .trimEnd()
      .split('\n');
    expect(lines).toContain('and 4 packages more');
    expect(lines.at(-1)).toBe(`next: brownout report open ${folder}`);
    expect(lines.length).toBeLessThanOrEqual(23);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });
});
