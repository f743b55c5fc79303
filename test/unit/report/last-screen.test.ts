import { describe, expect, it } from 'vitest';
import type { Finding, RunRecord } from '../../../src/model/record.ts';
import { lastScreen } from '../../../src/report/last-screen.ts';
import { nextCommand } from '../../../src/report/next-command.ts';
import { crash, cut, idOf, motley, record } from './records.ts';

const folder = 'reports/20261121T034500Z-ab-upgrade-qemuarm64';
const finding: Finding = {
  check: 'configuration',
  step: idOf('configuration'),
  message: '/etc/hostname is empty',
  cut: 'p1.9',
  during: 'install 1.0->1.1, after write 9 of 30',
  token: 'ab-upgrade:qemuarm64:1:2:p1.9',
  states: 7,
  minimal: [],
  files: [],
  reason: `write 9 of install is on the disk, and ${'a long sentence follows it '.repeat(30)}`,
  file: 'finding-1.brownout',
};
const failedRun = (count: number, more: Partial<RunRecord> = {}) =>
  record({
    verdict: 'failed',
    findings: Array.from({ length: count }, (_, i) => ({ ...finding, file: `finding-${i + 1}.brownout` })),
    crash: crash([cut('p1.9', { verdict: 'failed' })]),
    ...more,
  });
const screen = (...records: RunRecord[]) => lastScreen(records, { folderOf: () => folder });
/** Rows on a terminal of 80 columns. */
const height = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 0);

describe('the last screen', () => {
  it('says of a finding what it is and why, of the rest what was not shown, and ends with the next command', () => {
    const lines = screen(failedRun(1)).trimEnd().split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'FAILED RAUC A/B upgrade on qemuarm64, 1 finding, 5m12s',
      '  1 crash state of 450 break what was promised.',
      '  configuration: /etc/hostname is empty (install 1.0->1.1, after write 9 of 30,',
    ]);
    expect(lines).toContain('not shown:');
    expect(lines.slice(-2)).toEqual([
      `page: ${folder}/index.html`,
      `next: brownout replay ${folder}/finding-1.brownout`,
    ]);
  });

  it.each([
    ['a run that passed', [record()]],
    ['one with twenty findings', [failedRun(20)]],
    ['one that ended early, of hostile text', [motley()]],
    ['one with a name without end', [failedRun(3, { scenario: 'x'.repeat(500) })]],
    ['thirty runs', Array.from({ length: 30 }, (_, i) => failedRun(i))],
  ])('has room on 80 columns and 24 rows: %s', (_, records) => {
    const text = screen(...records);
    expect(height(text)).toBeLessThanOrEqual(23);
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/^next: /);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none must be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    for (const line of text.split('\n'))
      if (!/^(page|next): /.test(line)) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('begins with what is worst where there are several runs', () => {
    const text = screen(record({ machine: 'qemux86-64' }), failedRun(2));
    expect(text).toMatch(/^FAILED .* on qemuarm64, 2 findings.*\npassed .* on qemux86-64.*\n\nFAILED /);
  });

  it('says nothing of no run', () => expect(screen()).toBe(''));
});

describe('the next command', () => {
  const problem = { kind: 'scenario', code: 'image-mismatch', message: 'no' } as const;
  it.each<[string, RunRecord, string]>([
    [
      'without a cut: some cuts',
      record({ powerCuts: 'none' }),
      'brownout run scenarios/rauc/ab-upgrade.yaml --machine qemuarm64 --power-cuts random:10',
    ],
    [
      'after drawn cuts: all',
      record(),
      'brownout run scenarios/rauc/ab-upgrade.yaml --machine qemuarm64 --power-cuts all',
    ],
    ['after all: its page', record({ powerCuts: 'all' }), `brownout report open ${folder}`],
    ['a finding: its replay', failedRun(1), `brownout replay ${folder}/finding-1.brownout`],
    [
      'a failure without a finding: its page',
      record({ verdict: 'failed' }),
      `brownout report open ${folder}`,
    ],
    [
      'a wrong scenario: what is wrong with it',
      record({ verdict: 'error', problem }),
      'brownout check scenarios/rauc/ab-upgrade.yaml',
    ],
    [
      'the harness broke: its page',
      record({ verdict: 'error', problem: { ...problem, kind: 'harness' } }),
      `brownout report open ${folder}`,
    ],
    [
      'not decided: once more',
      record({ verdict: 'unknown', powerCuts: 'all' }),
      'brownout run scenarios/rauc/ab-upgrade.yaml --machine qemuarm64 --power-cuts all --seed 7',
    ],
    [
      'a finding beside a known one: the replay of the new one',
      record({
        verdict: 'failed',
        findings: [
          {
            ...finding,
            known: {
              status: 'known',
              until: '2030-01-01',
              tracker: 'https://example.org/1',
              why: 'upstream',
            },
          },
          { ...finding, file: 'finding-2.brownout' },
        ],
      }),
      `brownout replay ${folder}/finding-2.brownout`,
    ],
  ])('of %s', (_, one, command) => expect(nextCommand(one, folder)).toBe(command));
});
