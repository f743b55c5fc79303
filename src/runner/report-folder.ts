import { mkdir, readdir, realpath, rename, symlink } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { HarnessError, messageOf } from '../core/errors.ts';
import { writeFileAtomically } from '../core/files.ts';
import { makeFolders } from '../core/make-folders.ts';
import { temporaryPath } from '../core/process-tag.ts';
import { removeStale } from '../core/temporary.ts';
import type { RunRecord } from '../model/record.ts';
import { type ReportFile, reportFiles } from './report-files.ts';

/**
 * Creates an invocation's folder below `reports`, called `id` (with a number where that is taken), and points
 * `reports/latest` at it. Errors: HarnessError `reports-unwritable`.
 */
export async function openReportFolder(reports: string, id: string): Promise<string> {
  try {
    await makeFolders(reports);
    await sweep(reports);
    const folder = await unusedFolder(join(reports, id));
    const link = temporaryPath(join(reports, 'latest'));
    await symlink(basename(folder), link);
    await rename(link, join(reports, 'latest'));
    return folder;
  } catch (error) {
    throw unwritable(reports, error);
  }
}

/** How many of the newest runs' folders are looked at for what was half written when somebody killed them. */
const sweptFolders = 20;

/** Removes what killed runs have left half-written in their folders, and in those of the runs of one invocation. */
async function sweep(reports: string): Promise<void> {
  await removeStale(reports);
  const runs = (await readdir(reports)).filter((name) => /^\d{8}T\d{6}Z/.test(name)).sort();
  for (const run of runs.slice(-sweptFolders)) {
    await removeStale(join(reports, run));
    const entries = await readdir(join(reports, run), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) await removeStale(join(reports, run, entry.name));
  }
}

/** Creates `path`, `path-2`, …: the first that is not there. */
async function unusedFolder(path: string): Promise<string> {
  for (let n = 1; ; n += 1) {
    const folder = n === 1 ? path : `${path}-${n}`;
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** `20261121T034500Z`: sorts by time. */
export function timeId(date: Date): string {
  return `${date.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
}

/** Writes the report files of one run. Errors: HarnessError `reports-unwritable`. */
export async function writeRun(
  folder: string,
  record: RunRecord,
  files: readonly ReportFile[] = reportFiles,
): Promise<void> {
  const root = await attachmentRoot(folder);
  for (const { name, text } of files)
    await writeReport(
      join(folder, name),
      text([record], () => '', root),
    );
}

/**
 * How a CI server finds files beside a report: GitLab by their paths below the project's folder, Jenkins by absolute ones,
 * others (empty) from the report's own folder.
 */
export async function attachmentRoot(
  folder: string,
  { CI_PROJECT_DIR: project = '', JENKINS_URL: jenkins = '' }: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const absolute = await realpath(folder).catch(() => resolve(folder));
  if (jenkins !== '') return absolute;
  if (project === '') return '';
  const below = relative(await realpath(project).catch(() => resolve(project)), absolute);
  return below.startsWith('..') ? '' : below;
}

/**
 * Writes the files that tell of several runs together; `folderOf` names a run's folder relative to `folder`. Errors:
 * HarnessError `reports-unwritable`.
 */
export async function writeAllRuns(
  folder: string,
  records: readonly RunRecord[],
  folderOf: (record: RunRecord) => string,
  files: readonly ReportFile[] = reportFiles,
): Promise<void> {
  const root = await attachmentRoot(folder);
  for (const { name, of, text } of files)
    if (of === 'all') await writeReport(join(folder, name), text(records, folderOf, root));
}

/** Creates the folder of one run. Errors: HarnessError `reports-unwritable`. */
export async function openRunFolder(folder: string): Promise<void> {
  try {
    await makeFolders(join(folder, 'console'));
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/** Writes one report file. Errors: HarnessError `reports-unwritable`. */
export async function writeReport(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(path, text);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): HarnessError {
  return new HarnessError('reports-unwritable', `cannot write ${path}: ${messageOf(error)}`, {
    cause: error,
    hint: 'make room there, or name another place with --reports',
  });
}
