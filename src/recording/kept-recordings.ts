import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HarnessError, messageOf, ScenarioError } from '../core/errors.ts';
import type { WriteLog } from '../writelog/log.ts';
import { loadLog } from '../writelog/stored-log.ts';

/** A recording that earlier runs left in the cache. */
export interface KeptRecording {
  folder: string;
  /** The folder's own name: which upgrade of which scenario it is, and a digest of what it was made with. */
  name: string;
  /** SHA-256 over the log and its data, as in reports. */
  sha256: string;
  /** In the order of the upgrades. */
  releases: string[];
}

const storedSchema = z.object({ sha256: z.string(), path: z.object({ releases: z.array(z.string()) }) });

/** The recordings below a cache root, by name; what is no recording is passed over. */
export async function keptRecordings(cache: string): Promise<KeptRecording[]> {
  const root = join(cache, 'recordings');
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(
    names.sort().map(async (name): Promise<KeptRecording[]> => {
      const folder = join(root, name);
      const stored = storedSchema.safeParse(await readJson(join(folder, 'recording.json')));
      if (!stored.success) return [];
      return [{ folder, name, sha256: stored.data.sha256, releases: stored.data.path.releases }];
    }),
  );
  return found.flat();
}

/**
 * The recording whose SHA-256 or folder's name begins with `text`. Throws ScenarioError `recording-unknown` or
 * `recording-ambiguous`.
 */
export async function keptRecording(cache: string, text: string): Promise<KeptRecording> {
  const all = await keptRecordings(cache);
  const found = all.filter(({ sha256, name }) => sha256.startsWith(text) || name.startsWith(text));
  const [recording] = found;
  const shown = JSON.stringify(text.slice(0, 80));
  if (recording === undefined || text === '')
    throw new ScenarioError('recording-unknown', `no recording begins with ${shown}`, {
      hint: all.length === 0 ? `there are none below ${cache}` : 'brownout log list shows what there is',
    });
  if (found.length > 1)
    throw new ScenarioError(
      'recording-ambiguous',
      `${found.length} recordings begin with ${shown}: ${found.map(({ sha256 }) => sha256.slice(0, 12)).join(', ')}`,
    );
  return recording;
}

/** The write log of a recording. Throws HarnessError `recording-damaged`. */
export async function logOf({ folder }: KeptRecording): Promise<WriteLog> {
  const path = join(folder, 'log.json');
  try {
    return loadLog(await readFile(path, 'utf8'));
  } catch (error) {
    throw new HarnessError('recording-damaged', `cannot read the recording ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
