import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HarnessError, messageOf, ScenarioError } from '../core/errors.ts';
import { parseStored } from '../core/stored.ts';
import { scenarioSlug } from '../model/scenario.ts';
import { sectorBytes, type WriteLog } from '../writelog/log.ts';
import { loadLog, sectorsNeeded } from '../writelog/stored-log.ts';
import { inputsSchema } from './inputs.ts';
import { filesSchema, oddSchema } from './stored-files.ts';
import { pathSchema } from './stored-path.ts';
import { scenarioSchema } from './stored-scenario.ts';

/** What names a recording, and what programs of all times have noted. */
const namesSchema = z.object({
  scenario: z
    .object({ source: z.object({ path: z.string() }) })
    .optional()
    .catch(undefined),
  inputs: z.object({ machine: z.string() }).optional().catch(undefined),
  path: z.object({ releases: z.array(z.string()) }),
  /** SHA-256 over the log and its data, as in reports. */
  sha256: z.string().regex(/^[0-9a-f]{1,64}$/),
});

const recordingSchema = namesSchema.extend({
  scenario: scenarioSchema,
  inputs: inputsSchema,
  /** What it was recorded by; not in recordings of older programs. */
  made: z.object({ qemu: z.string(), accelerator: z.string() }).exactOptional(),
  path: pathSchema,
  configuration: filesSchema,
  odd: oddSchema,
});

/** The files of a recording's folder. */
export const recordingFiles = { about: 'recording.json', log: 'log.json', arena: 'arena' } as const;

/** What a recording says of itself; the log and its data are beside it. */
export type StoredRecording = z.output<typeof recordingSchema>;

/** A recording that earlier runs left in the cache. */
export interface KeptRecording {
  folder: string;
  /** The folder's own name: which upgrade of which scenario it is, and a digest of what it was made with. */
  name: string;
  sha256: string;
  /** In the order of the upgrades. */
  releases: string[];
  /** The scenario file's name without its ending, and the machine, as far as they can be read. */
  scenario?: string;
  machine?: string;
  made: Date;
}

/** What a recording says of itself. Throws Error that names the field, also where an older program noted less. */
export function readRecording(folder: string): Promise<StoredRecording> {
  return readAbout(folder, recordingSchema);
}

async function readAbout<T>(folder: string, schema: z.ZodType<T>): Promise<T> {
  return parseStored(await readFile(join(folder, recordingFiles.about), 'utf8'), schema);
}

/** The recordings below a cache root, by name, as far as they can be read. */
export async function keptRecordings(cache: string): Promise<KeptRecording[]> {
  const all = await readAll(cache);
  return all.flatMap(({ kept }) => (kept instanceof HarnessError ? [] : [kept]));
}

/** Folders that are no recordings are passed over; where one is damaged, its error stands for it. */
async function readAll(cache: string): Promise<{ name: string; kept: KeptRecording | HarnessError }[]> {
  const root = join(cache, 'recordings');
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(
    names.sort().map(async (name) => {
      const folder = join(root, name);
      try {
        const { sha256, path, scenario, inputs } = await readAbout(folder, namesSchema);
        const { mtime: made } = await stat(join(folder, recordingFiles.about));
        const of = {
          ...(scenario === undefined ? {} : { scenario: scenarioSlug(scenario.source.path) }),
          ...(inputs === undefined ? {} : { machine: inputs.machine }),
        };
        return [{ name, kept: { folder, name, sha256, releases: path.releases, ...of, made } }];
      } catch (error) {
        if (error instanceof Error && 'code' in error) return [];
        return [{ name, kept: recordingDamaged(join(folder, recordingFiles.about), error) }];
      }
    }),
  );
  return found.flat();
}

/**
 * The recording whose SHA-256 or folder's name begins with `text`. Throws ScenarioError `recording-unknown` or
 * `recording-ambiguous`, and HarnessError `recording-damaged`.
 */
export async function keptRecording(cache: string, text: string): Promise<KeptRecording> {
  const all = await readAll(cache);
  const found = all.filter(
    ({ kept, name }) =>
      name.startsWith(text) || (!(kept instanceof HarnessError) && kept.sha256.startsWith(text)),
  );
  const [first] = found;
  const shown = JSON.stringify(text.slice(0, 80));
  if (first === undefined || text === '')
    throw new ScenarioError('recording-unknown', `no recording begins with ${shown}`, {
      hint: all.length === 0 ? `there are none below ${cache}` : 'brownout log list shows what there is',
    });
  if (found.length > 1)
    throw new ScenarioError(
      'recording-ambiguous',
      `${found.length} recordings begin with ${shown}: ${found.map(({ kept, name }) => (kept instanceof HarnessError ? name : kept.sha256.slice(0, 12))).join(', ')}`,
    );
  if (first.kept instanceof HarnessError) throw first.kept;
  return first.kept;
}

/** The write log of a recording, whose data are all there. Throws HarnessError `recording-damaged`. */
export async function logOf({ folder }: Pick<KeptRecording, 'folder'>): Promise<WriteLog> {
  const path = join(folder, recordingFiles.log);
  try {
    const log = loadLog(await readFile(path, 'utf8'));
    const { size } = await stat(join(folder, recordingFiles.arena));
    const needed = sectorsNeeded(log) * sectorBytes;
    if (size < needed) throw new Error(`its writes need ${needed} bytes of data, and there are ${size}`);
    return log;
  } catch (error) {
    throw recordingDamaged(path, error);
  }
}

/** A recording that a person named and that is not whole. */
export function recordingDamaged(path: string, error: unknown): HarnessError {
  return new HarnessError('recording-damaged', `cannot read the recording ${path}: ${messageOf(error)}`, {
    cause: error,
    hint: 'run the scenario again: it makes a new one',
  });
}
