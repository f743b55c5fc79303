import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scenarioSlug } from '../../../src/model/scenario.ts';
import { defaultJobs } from '../../../src/runner/jobs.ts';
import { openReportFolder, timeId } from '../../../src/runner/report-folder.ts';

describe('defaultJobs', () => {
  it('is limited by cores and by free memory, and at least one', () => {
    expect(defaultJobs(8, 64 * 2 ** 30)).toBe(8);
    expect(defaultJobs(8, 2 ** 30)).toBe(2);
    expect(defaultJobs(8, 2 ** 20)).toBe(1);
  });
});

describe('report folders', () => {
  it('are never shared, and the latest is the newest', async () => {
    const reports = join(await mkdtemp(join(tmpdir(), 'brownout-reports-')), 'deep', 'reports');
    try {
      const folders = [];
      for (let i = 0; i < 3; i += 1) folders.push(await openReportFolder(reports, '20261121T034506Z'));
      expect(folders.map((folder) => basename(folder))).toEqual([
        '20261121T034506Z',
        '20261121T034506Z-2',
        '20261121T034506Z-3',
      ]);
      expect(await readlink(join(reports, 'latest'))).toBe('20261121T034506Z-3');
    } finally {
      await rm(join(reports, '..', '..'), { recursive: true });
    }
  });

  it('sort by time and are safe file names', () => {
    expect(timeId(new Date('2026-11-21T03:45:06.789Z'))).toBe('20261121T034506Z');
    expect(scenarioSlug('/x/a b.yaml')).toBe('a-b');
  });
});
