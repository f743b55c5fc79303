import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, ScenarioError } from '../core/errors.ts';
import type { RunRecord } from '../model/record.ts';
import { type PageParts, readPageParts } from '../report/page/page-parts.ts';
import { runPage } from '../report/page/run-page.ts';
import { missingParts, readRecord } from '../report/stored-record.ts';
import { readStates } from '../report/stored-states.ts';
import { pageFile, recordFile, statesFile } from './report-files.ts';
import { writeReport } from './report-folder.ts';

/** Consoles are not larger, unless somebody else wrote them. */
const mostConsoleBytes = 64 << 20;

/**
 * Makes the page of a run's folder of what lies there, and returns its path. Throws ScenarioError `report-unknown` where
 * there is no run, and `report-damaged` where a file of it is not what brownout writes; HarnessError `reports-unwritable` or
 * `page-parts-missing`.
 */
export async function buildPage(
  folder: string,
  partsOf: () => Promise<PageParts> = readPageParts,
): Promise<string> {
  const record = await readStored(folder, recordFile, readRecord);
  if (record === undefined)
    throw new ScenarioError('report-unknown', `there is no ${recordFile} in ${folder}`, {
      hint: 'name the folder of a run: reports/latest, or reports/<time>-<scenario>-<machine>',
    });
  return writePage(folder, record, missingParts(record), await partsOf());
}

/** Writes the page of a run whose record is at hand, and returns its path. Errors as of `buildPage`. */
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
