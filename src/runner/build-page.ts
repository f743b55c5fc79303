import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, ScenarioError } from '../core/errors.ts';
import type { RunRecord } from '../model/record.ts';
import { type PageParts, readPageParts } from '../report/page/page-parts.ts';
import { runPage } from '../report/page/run-page.ts';
import { type OneOfRuns, runsPage } from '../report/page/runs-page.ts';
import { missingParts, readRecord } from '../report/stored-record.ts';
import { readStates } from '../report/stored-states.ts';
import { pageFile, recordFile, statesFile } from './report-files.ts';
import { writeReport } from './report-folder.ts';

/** Consoles are not larger, unless somebody else wrote them. */
const mostConsoleBytes = 64 << 20;

/**
 * Makes the page of a folder, and of each run below it where it has several; returns its path. Errors as of `buildRun`.
 */
export async function buildPage(
  folder: string,
  partsOf: () => Promise<PageParts> = readPageParts,
): Promise<string> {
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
  const record = await readStored(folder, recordFile, readRecord);
  if (record === undefined)
    throw new ScenarioError('report-unknown', `there is no ${recordFile} in ${folder}`, {
      hint: 'name the folder of a run: reports/latest, or reports/<time>-<scenario>-<machine>',
    });
  return { path: await writePage(folder, record, missingParts(record), await partsOf()), record };
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
    throw new ScenarioError('report-damaged', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
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
