import { describe, expect, it } from 'vitest';
import type { ConformanceRecord } from '../../../src/model/conformance.ts';
import { conformanceScreen } from '../../../src/report/conformance-screen.ts';
import { caseOf, suite } from './suites.ts';

const folder = 'reports/20261121T034500Z-conform-qemuarm64';
const screen = (...records: ConformanceRecord[]) => conformanceScreen(records, { folderOf: () => folder });
const wrong = caseOf('B2', 'failed', { reason: 'the device stays on half a release' });
const finding = {
  ...{ check: 'release', message: 'mixed', cut: 'p1.4', token: 'a:qemuarm64:1:2:p1.4' },
  ...{ during: '', states: 1, minimal: [], files: [] },
};

describe('the last screen of a conformance suite', () => {
  it('counts verdicts, says why a case failed, and ends with the page and the case as a command', () => {
    const cases = [caseOf('I1', 'passed'), wrong, caseOf('S6', 'not-applicable', { reason: 'no container' })];
    expect(screen(suite('qemuarm64', cases))).toBe(
      [
        'RAUC on qemuarm64: failed in 1m40s',
        '  rauc: 1 pass, 1 FAIL, 1 not applicable',
        '  B2 FAIL what B2 asks: the device stays on half a release 3.0 s',
        `page: ${folder}/index.html`,
        'next: brownout conform a.yaml --machine qemuarm64 --case B2',
        '',
      ].join('\n'),
    );
  });

  it('replays a finding, opens the page where all passed, checks the scenario where that is wrong', () => {
    const next = (record: ConformanceRecord) => screen(record).trimEnd().split('\n').at(-1);
    expect(next(suite('qemuarm64', [{ ...wrong, findings: [finding] }]))).toBe(
      'next: brownout replay a:qemuarm64:1:2:p1.4',
    );
    expect(next(suite('qemuarm64', [caseOf('I1', 'passed')], { verdict: 'passed' }))).toBe(
      `next: brownout report open ${folder}`,
    );
    const problem = { kind: 'scenario', code: 'image-mismatch', message: 'no' } as const;
    expect(next(suite('qemuarm64', [], { verdict: 'error', problem }))).toBe('next: brownout check a.yaml');
    expect(next(suite('qemuarm64', [caseOf('P1', 'proves-nothing')], { verdict: 'unknown' }))).toBe(
      'next: brownout conform a.yaml --machine qemuarm64 --case P1',
    );
  });

  it('begins with the worst of several suites, says whose each case is, and has room on 80 columns and 24 rows', () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      caseOf(`B${i}`, 'failed', { reason: 'why '.repeat(99) }),
    );
    const text = screen(
      suite('qemux86-64', [caseOf('I1', 'passed')], { verdict: 'passed' }),
      suite('qemuarm64', many),
    );
    expect(text).toMatch(/^RAUC on qemuarm64: failed/);
    expect(text).toContain('  rauc, qemuarm64: B0 FAIL');
    expect(text).toContain('  ... more on the page');
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(23);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });
});
