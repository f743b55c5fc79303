import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Admission } from '../admission/admission.ts';
import { dossierPage } from '../admission/dossier-page.ts';
import { readAdmission } from '../admission/stored-admission.ts';
import { messageOf, ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';
import { isFolder } from '../core/files.ts';
import type { ConformanceRecord } from '../model/conformance.ts';
import type { RunRecord } from '../model/record.ts';
import { conformancePage } from '../report/page/conformance-page.ts';
import { type PageParts, readPageParts } from '../report/page/page-parts.ts';
import { runPage } from '../report/page/run-page.ts';
import { type OneOfRuns, runsPage } from '../report/page/runs-page.ts';
import { readSuites } from '../report/stored-conformance.ts';
import { missingParts, readRecord } from '../report/stored-record.ts';
import { readStates } from '../report/stored-states.ts';
import { admissionFile, pageFile, recordFile, statesFile, suitesFile } from './report-files.ts';
import { writeReport } from './report-folder.ts';

/** Consoles are not larger, unless somebody else wrote them. */
const mostConsoleBytes = 64 << 20;

/**
 * Makes the page of a folder that `run`, `conform` or `admit` has left, and of each below it where it has several; returns its
 * path. Errors as of `buildRun`.
 */
export async function buildPage(
  folder: string,
  partsOf: () => Promise<PageParts> = readPageParts,
): Promise<string> {
  const admission = await readStored(folder, admissionFile, readAdmission);
  if (admission !== undefined) return buildDossier(folder, admission, partsOf);
  const suites = await readStored(folder, suitesFile, readSuites);
  if (suites !== undefined) return buildSuites(folder, suites, partsOf);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const isRun = entries.some(({ name }) => name === recordFile);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const below = isRun ? [] : await runsBelow(folder, folders.sort());
  if (below.length === 0) return (await buildRun(folder, partsOf)).path;
  const runs: OneOfRuns[] = [];
  for (const name of below)
    runs.push({ folder: name, record: (await buildRun(join(folder, name), partsOf)).record });
  return writeRunsPage(folder, runs, await partsOf());
}

/** The page of a dossier, and those of the runs that it is made from. */
async function buildDossier(
  folder: string,
  admission: Admission,
  partsOf: () => Promise<PageParts>,
): Promise<string> {
  for (const { runs } of admission.packages)
    for (const run of runs) await buildRun(join(folder, run.folder), partsOf);
  return writeText(folder, dossierPage(admission, await partsOf()));
}

/** The page of a conformance suite, or of several, each with a folder of its own. */
async function buildSuites(
  folder: string,
  records: readonly ConformanceRecord[],
  partsOf: () => Promise<PageParts>,
): Promise<string> {
  const below = records.length === 1 ? [] : await foldersIn(folder);
  const suites = records.map((record) => ({
    record,
    folder: below.find((name) => record.id.endsWith(`-${name}`)) ?? '',
  }));
  for (const suite of suites) if (suite.folder !== '') await buildPage(join(folder, suite.folder), partsOf);
  return writeText(folder, conformancePage(basename(await realpath(folder)), suites, await partsOf()));
}

async function writeText(folder: string, text: string): Promise<string> {
  const path = join(folder, pageFile);
  await writeReport(path, text);
  return path;
}

/** The folders in one, the longest names first. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return names.sort((one, other) => other.length - one.length);
}

/** Those of a folder's folders that are of runs. */
async function runsBelow(folder: string, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map((name) =>
      stat(join(folder, name, recordFile))
        .then(() => [name])
        .catch(() => []),
    ),
  );
  return found.flat();
}

/** Writes the page of several runs, and returns its path. Throws HarnessError `reports-unwritable`. */
export async function writeRunsPage(
  folder: string,
  runs: readonly OneOfRuns[],
  parts: PageParts,
): Promise<string> {
  const path = join(folder, pageFile);
  await writeReport(path, runsPage(basename(await realpath(folder)), runs, parts));
  return path;
}

/**
 * Makes the page of a run's folder of what lies there. Throws ScenarioError `report-unknown` where
 * there is no run, and `report-damaged` where a file of it is not what brownout writes; HarnessError `reports-unwritable` or
 * `page-parts-missing`.
 */
async function buildRun(
  folder: string,
  partsOf: () => Promise<PageParts>,
): Promise<{ path: string; record: RunRecord }> {
  const record = await readRun(folder);
  return { path: await writePage(folder, record, missingParts(record), await partsOf()), record };
}

/** Reads the record of a run's folder. Throws ScenarioError `report-unknown` and `report-damaged`. */
export async function readRun(folder: string): Promise<RunRecord> {
  const record = await readStored(folder, recordFile, readRecord);
  if (record !== undefined) return record;
  const near = await nearRun(folder);
  const meant = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  throw new ScenarioError('report-unknown', `there is no ${recordFile} in ${folder}${meant}`, {
    hint: 'name a folder that run, conform or admit has left: reports/latest, or reports/<time>-...',
  });
}

/** The run that is meant where somebody names its record, or the folder of all runs. */
async function nearRun(folder: string): Promise<string | undefined> {
  if (basename(folder) === recordFile) return dirname(folder);
  const latest = join(folder, 'latest');
  return (await isFolder(latest)) ? latest : undefined;
}

/** Writes the page of a run whose record is at hand, and returns its path. Errors as of `buildRun`. */
export async function writePage(
  folder: string,
  record: RunRecord,
  missing: readonly string[],
  parts: PageParts,
): Promise<string> {
  const states = await readStored(folder, statesFile, (text) => {
    readStates(text);
    return text;
  });
  const consoles = await readConsoles(folder, record);
  const path = join(folder, pageFile);
  await writeReport(path, runPage({ record, states, consoles, missing }, parts));
  return path;
}

/** A file of a run's folder; undefined where there is none. */
async function readStored<T>(
  folder: string,
  name: string,
  read: (text: string) => T,
): Promise<T | undefined> {
  const path = join(folder, name);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new ScenarioError('report-damaged', `cannot read ${path}: ${fileTrouble(error)}`, { cause: error });
  });
  if (text === undefined) return undefined;
  try {
    return read(text);
  } catch (error) {
    throw new ScenarioError('report-damaged', `${path} is not what brownout writes: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The consoles that a record names, as far as they are there and lie in the run's folder. */
async function readConsoles(folder: string, { paths, crash }: RunRecord): Promise<Map<string, string>> {
  const steps = [
    ...paths.flatMap((path) => path.steps),
    ...(crash?.cuts ?? []).flatMap(({ checks }) => checks),
  ];
  const named = new Set([...steps, ...(crash?.cuts ?? [])].flatMap(({ console: log }) => log ?? []));
  const root = await realpath(folder);
  const consoles = new Map<string, string>();
  for (const name of named) {
    const path = await realpath(join(folder, name)).catch(() => undefined);
    if (path === undefined || !path.startsWith(`${root}/`)) continue;
    if ((await stat(path)).size <= mostConsoleBytes) consoles.set(name, await readFile(path, 'utf8'));
  }
  return consoles;
}
