import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/model/record.ts';
import { codeQuality } from '../../../src/report/code-quality.ts';
import { summaryMarkdown } from '../../../src/report/summary-markdown.ts';
import { crash, cut, motley, record } from './records.ts';

const finding: Finding = {
  check: 'configuration',
  message: '/etc/hosts is empty',
  cut: 'p1.4',
  during: 'install 1.0->1.1, after write 4',
  token: 'ab:qemuarm64:1:2:p1.4',
  states: 12,
  reason: 'no fsync | <b>came</b> before',
  minimal: [],
  files: [],
  file: 'finding-1.brownout',
};
const known = { status: 'known', until: '2027-03-01', tracker: 'BUG-1', why: 'not flushed' } as const;

describe('summary.md', () => {
  it('has a row a run, and what broke with the command that shows it', () => {
    const failed = record({
      verdict: 'failed',
      crash: crash([cut('p1.4', { verdict: 'failed' })]),
      findings: [finding, { ...finding, known, message: 'other' }],
    });
    const text = summaryMarkdown(
      [failed, record({ scenario: 'Other' })],
      ({ scenario }) => `below/${scenario[0]}`,
    );
    expect(text).toContain(
      '| RAUC A/B upgrade | qemuarm64 | **FAILED** | 2 of 450 by 1 boots, sampled | 2, 1 of them known | 5m12s |',
    );
    expect(text).toContain('| Other | qemuarm64 | passed | none | 0 | 5m12s |');
    expect(text).toContain(
      '- **configuration**: /etc/hosts is empty\n  - install 1.0-\\>1.1, after write 4 (12 states alike)',
    );
    expect(text).toContain('  - `brownout replay below/R/finding-1.brownout`');
    expect(text).toContain('known until 2027-03-01 (BUG-1): not flushed');
    expect(text).not.toContain('### Other');
  });

  it('shows hostile text as text', () => {
    const text = summaryMarkdown([{ ...motley(), scenario: 'a | b <script>' }]);
    expect(text).toContain('| a \\| b \\<script\\> |');
    expect(text).not.toMatch(/(?<!\\)<(?:script|x)>/);
    expect(text).toContain('ended early: no space left (`disk-full`)');
  });

  it('says what is gone', () => {
    const entry = {
      cause: { check: 'boots', phases: ['install'] },
      until: '2027-03-01',
      tracker: 'BUG-1',
      why: 'w',
      status: 'gone',
    } as const;
    const text = summaryMarkdown([
      record({ known: [{ ...entry, cause: { check: 'boots', phases: ['install'] } }] }),
    ]);
    expect(text).toContain(
      '- known finding: boots during install (BUG-1, until 2027-03-01): GONE: it did not appear',
    );
  });
});

describe('codequality.json', () => {
  const read = (...records: Parameters<typeof codeQuality>[0]) =>
    JSON.parse(codeQuality(records)) as Record<string, unknown>[];
  const run = (more: Partial<Finding>, id = 'p1.4') =>
    record({ crash: crash([cut(id)]), findings: [{ ...finding, cut: id, ...more }] });

  it('has what GitLab asks of an entry, at the scenario', () => {
    expect(read(run({}))).toEqual([
      {
        description:
          'qemuarm64, install 1.0->1.1: configuration: /etc/hosts is empty; because: no fsync | <b>came</b> before',
        check_name: 'brownout/configuration',
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        severity: 'critical',
        location: { path: 'scenarios/rauc/ab-upgrade.yaml', lines: { begin: 1 } },
      },
    ]);
    expect(read(record())).toEqual([]);
  });

  it('recognises what broke on another recording, and tells other causes from it', () => {
    const print = (one: ReturnType<typeof run>) => read(one)[0]?.['fingerprint'];
    expect(print(run({ token: 'another', during: 'install 1.0->1.1, after write 9' }, 'p1.9'))).toBe(
      print(run({})),
    );
    expect(print(run({ message: '/etc/passwd is empty' }))).not.toBe(print(run({})));
    expect(read(run({}), run({}))).toHaveLength(1);
  });

  it('is no more than information where it is known', () => {
    expect(read(run({ known }))[0]).toMatchObject({ severity: 'info' });
    expect(read(run({ known: { ...known, status: 'expired' } }))[0]).toMatchObject({ severity: 'critical' });
  });
});
