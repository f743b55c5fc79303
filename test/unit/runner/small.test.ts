import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scenarioSlug } from '../../../src/model/scenario.ts';
import { defaultJobs } from '../../../src/runner/jobs.ts';
import { type ReportFile, reportFiles } from '../../../src/runner/report-files.ts';
import {
  attachmentRoot,
  openReportFolder,
  timeId,
  writeAllRuns,
  writeRun,
} from '../../../src/runner/report-folder.ts';
import { record } from '../report/records.ts';

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

  it('have a file for each line of the list, and of several runs those that tell of all', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brownout-reports-'));
    const one = record();
    const ids: ReportFile['text'] = (records, folderOf) =>
      records.map((run) => `${folderOf(run)}|${run.id}`).join();
    const files: ReportFile[] = [
      ...reportFiles,
      { name: 'one.txt', of: 'run', text: ids },
      { name: 'all.txt', of: 'all', text: ids },
    ];
    try {
      await writeRun(folder, one, files);
      const ofAll = ['all.txt', 'codequality.json', 'junit.xml', 'summary.md', 'testresults.json'];
      expect((await readdir(folder)).sort()).toEqual([...ofAll, 'one.txt', 'run.json'].sort());
      expect(JSON.parse(await readFile(join(folder, 'run.json'), 'utf8'))).toEqual(one);
      await rm(join(folder, 'one.txt'));
      await rm(join(folder, 'run.json'));
      await writeAllRuns(folder, [one, one], () => 'below', files);
      expect((await readdir(folder)).sort()).toEqual(ofAll);
      expect(await readFile(join(folder, 'all.txt'), 'utf8')).toBe(`below|${one.id},below|${one.id}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are found by a CI server as that looks for them', async () => {
    const project = await mkdtemp(join(tmpdir(), 'brownout-project-'));
    try {
      const folder = join(project, 'reports', 'run');
      await mkdir(folder, { recursive: true });
      expect(await attachmentRoot(folder, {})).toBe('');
      expect(await attachmentRoot(folder, { CI_PROJECT_DIR: project })).toBe('reports/run');
      expect(await attachmentRoot(tmpdir(), { CI_PROJECT_DIR: project })).toBe('');
      expect(await attachmentRoot(folder, { JENKINS_URL: 'https://ci.example/' })).toBe(
        await realpath(folder),
      );
    } finally {
      await rm(project, { recursive: true });
    }
  });

  it('sort by time and are safe file names', () => {
    expect(timeId(new Date('2026-11-21T03:45:06.789Z'))).toBe('20261121T034506Z');
    expect(scenarioSlug('/x/a b.yaml')).toBe('a-b');
  });
});
