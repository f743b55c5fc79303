import { describe, expect, it } from 'vitest';
import { conformancePage } from '../../../../src/report/page/conformance-page.ts';
import { step } from '../records.ts';
import { caseOf, suite } from '../suites.ts';

const parts = { script: '', style: '' };

function textOf(markup: string): string {
  return markup
    .replace(/^.*<main>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe('the page of a conformance suite', () => {
  const failing = caseOf('B2', 'failed', {
    reason: 'the device stays on half a release',
    steps: [
      step('boots', {
        verdict: 'failed',
        console: 'console/b2.log',
        problem: { kind: 'device', code: 'c', message: 'no login' },
      }),
    ],
    findings: [
      {
        check: 'release',
        message: 'mixed',
        cut: 'p1.4',
        token: 'a:qemuarm64:5606e40215:8f3a2c1d9e:p1.4',
        during: '',
        states: 1,
        minimal: [],
        files: [],
      },
    ],
  });
  const suites = [
    {
      record: suite('qemuarm64', [caseOf('I1', 'passed'), failing, caseOf('P1', 'ability-missing')]),
      folder: 'a',
    },
    { record: suite('qemux86-64', [caseOf('I1', 'unknown'), caseOf('S1', 'not-applicable')]), folder: 'b' },
  ];

  it('counts what was judged, and names beside it what was not', () => {
    const text = textOf(conformancePage('id', suites, parts));
    expect(text).toContain('Failed. 1 of 3 cases hold.');
    expect(text).toMatch(
      /What this does not show 1 case not decided\. 1 case about what the agent does not claim.* 1 case that the image/,
    );
  });

  it('has a row for each case and a column for each machine, with reasons, steps and what replays', () => {
    const markup = conformancePage('id', suites, parts);
    expect(markup.match(/<th scope="row">/g)).toHaveLength(4);
    expect(textOf(markup)).toMatch(/B2 what B2 asks installation fails the device stays on half a release/);
    expect(textOf(markup)).toContain('boots : no login');
    expect(markup).toContain('href="./a/console/b2.log"');
    expect(markup).toContain('data-copy="brownout replay a:qemuarm64:5606e40215:8f3a2c1d9e:p1.4"');
    expect(textOf(markup)).toContain('not tried');
  });

  it('has hostile text as text, and says what ended the suite', () => {
    const hostile = '</td><script>alert(1)</script>\u202e';
    const problem = { kind: 'harness', code: 'disk-full', message: hostile } as const;
    const record = suite('qemuarm64', [caseOf('I1', 'error', { reason: hostile, notes: [hostile] })], {
      verdict: 'error',
      problem,
    });
    const markup = conformancePage(hostile, [{ record, folder: '' }], parts);
    expect(markup.match(/<script/g)).toHaveLength(1);
    expect(markup).not.toContain('\u202e');
    expect(textOf(markup)).toContain('No verdict. 0 of 1 case hold.');
    expect(textOf(markup)).toContain('disk-full');
  });
});
