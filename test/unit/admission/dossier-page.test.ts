import { describe, expect, it } from 'vitest';
import { dossierPage } from '../../../src/admission/dossier-page.ts';
import { admission } from './admissions.ts';

const parts = { script: '', style: '' };

function textOf(markup: string): string {
  return markup
    .replace(/^.*<main>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe('the page of a dossier', () => {
  it('begins with the verdict, what is not shown beside it, and the criteria', () => {
    const markup = dossierPage(admission(), parts);
    const text = textOf(markup);
    expect(text).toContain('Failed. A promise was broken. What this does not show');
    for (const limit of admission().limits)
      expect(markup).toContain(limit.replaceAll("'", '&#39;').replaceAll('"', '&quot;'));
    expect(markup.indexOf('id="criteria"')).toBeLessThan(markup.indexOf('aria-label="Builds of'));
    expect(text).toMatch(/Survives power cuts during its upgrade failed/);
  });

  it('has what decided each criterion, the findings, and how to show them again', () => {
    const markup = dossierPage(admission(), parts);
    const text = textOf(markup);
    expect(text).toContain('release: half of it');
    expect(text).toContain('write 4 is lost');
    expect(markup).toContain('href="./runs/x/index.html"');
    for (const { reproduce } of admission().packages[0]?.criteria ?? [])
      for (const line of reproduce) expect(markup).toContain(`data-copy="${line.replaceAll("'", '&#39;')}"`);
    expect(text).toContain('To be stated by the proposer');
  });

  it('names what was not run, and has hostile text as text', () => {
    const hostile = '</td><script>alert(1)</script>\u202e';
    const spoilt = admission();
    const [one] = spoilt.packages;
    one?.criteria.splice(0, 1, { ...one.criteria[0]!, verdict: 'not run', summary: hostile });
    const markup = dossierPage({ ...spoilt, image: hostile, id: hostile }, parts);
    expect(markup.match(/<script/g)).toHaveLength(1);
    expect(markup).not.toContain('\u202e');
    expect(textOf(markup)).toContain('tool, qemuarm64: Installs on a device that never had it: not run.');
  });
});
