import { describe, expect, it } from 'vitest';
import { defaultJobs } from '../../../src/runner/jobs.ts';
import { scenarioSlug, timeId } from '../../../src/runner/report-folder.ts';
import { quote } from '../../../src/runner/shell.ts';

describe('quote', () => {
  it('makes one shell word of anything', () => {
    expect(quote("it's $HOME; rm -rf /")).toBe(`'it'\\''s $HOME; rm -rf /'`);
  });
});

describe('defaultJobs', () => {
  it('is limited by cores and by free memory, and at least one', () => {
    expect(defaultJobs(8, 64 * 2 ** 30)).toBe(8);
    expect(defaultJobs(8, 2 ** 30)).toBe(2);
    expect(defaultJobs(8, 2 ** 20)).toBe(1);
  });
});

describe('names of report folders', () => {
  it('sort by time and are safe file names', () => {
    expect(timeId(new Date('2026-11-21T03:45:06.789Z'))).toBe('20261121T034506Z');
    expect(scenarioSlug('/x/a b.yaml')).toBe('a-b');
  });
});
