import { describe, expect, it } from 'vitest';
import { runsPage } from '../../../../src/report/page/runs-page.ts';
import { crash, cut, motley, record } from '../records.ts';

const parts = { script: '', style: '' };
const hostile = '</td><script>alert(1)</script>\u202e';

/** What a reader sees. */
function textOf(markup: string): string {
  return markup
    .replace(/^.*<main>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe('the page of several runs', () => {
  const explored = record({
    crash: {
      ...crash([cut('p1.4')]),
      claim: 'exhaustive',
      states: { prefix: 4, lost: 0, torn: 0, subset: 0, sampled: 0 },
    },
  });
  const runs = [
    { record: explored, folder: 'a-qemuarm64' },
    { record: { ...motley(), machine: 'qemux86-64' as const }, folder: 'a-qemux86-64' },
    { record: record({ scenario: `second ${hostile}`, powerCuts: 'none' }), folder: 'b-qemuarm64' },
  ];

  it('has a row for each scenario, a column for each machine, and the worst verdict on top', () => {
    const markup = runsPage('20261121T034500Z', runs, parts);
    const text = textOf(markup);
    expect(text).toMatch(/^ ?No verdict\. 2 of 3 runs passed\./);
    expect(markup.match(/<th scope="col">/g)).toHaveLength(3);
    expect(markup.match(/<th scope="row">/g)).toHaveLength(2);
    expect(text).toContain('not run');
    for (const { folder } of runs) expect(markup).toContain(`href="./${folder}/index.html"`);
  });

  it('leads to each finding, and sums what the runs leave open', () => {
    const markup = runsPage('id', runs, parts);
    expect(markup).toContain('href="./a-qemux86-64/index.html#finding-1"');
    expect(textOf(markup)).toContain('Power cuts: none were made. (1 run)');
  });

  it('has hostile text as text', () => {
    const markup = runsPage('id', runs, parts);
    expect(markup.match(/<script/g)).toHaveLength(1);
    expect(markup).not.toContain('\u202e');
  });
});
