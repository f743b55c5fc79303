import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../core/digest.ts';
import { isFolder, linkOrCopy } from '../core/files.ts';
import { makeFolder } from '../core/temporary.ts';
import { recordingDigest } from '../recording/recordings.ts';
import type { WriteLog } from '../writelog/log.ts';
import { loadLog } from '../writelog/stored-log.ts';

/** Below a judge's folder of a ledger: the data of grounds, in a folder each, by its digest. */
export const groundsFolder = 'grounds';

/** What a ledger has of a coming-back that is cut again. */
export const groundSchema = z.object({
  /** Of the trace that it came back from a state of, and that state's name there. */
  sha256: z.string(),
  state: z.string(),
  /** Position of the upgrade within the path, from 0. */
  upgrade: z.int().min(0),
  /** Where the device wrote until it had come back. */
  places: z.array(z.string()),
  /** SHA-256 over the log of what the device wrote, and its data; names its folder. */
  recording: z.string().regex(/^[0-9a-f]{64}$/),
  /** The moment of that log at which the device had come back. */
  until: z.int().min(0),
});

/** A coming-back that is cut again, and what was recorded of it. */
export type RecordedGround = z.output<typeof groundSchema>;

const groundFiles = { log: 'log.json', arena: 'arena' } as const;

/** SHA-256 of the trace that a ground makes: over its recording, and all that comes before it. */
export function traceDigest({
  sha256: before,
  state,
  recording,
}: Pick<RecordedGround, 'sha256' | 'state' | 'recording'>): string {
  return sha256(`${before} ${state} ${recording}`);
}

/** Writes what was recorded of a ground below `folder`, unless it is there as it was; whole or not at all. */
export async function storeGround(
  folder: string,
  { recording }: RecordedGround,
  { log, arenaPath }: { log: string; arenaPath: string },
): Promise<void> {
  const own = join(folder, recording);
  if (await isWhole(own)) return;
  await rm(own, { recursive: true, force: true });
  await makeFolder(own, async (temporary) => {
    await linkOrCopy(arenaPath, join(temporary, groundFiles.arena));
    await writeFile(join(temporary, groundFiles.log), log);
  });
}

/** Throws Error where what was recorded of a ground, in its folder, is not what it was. */
export async function assertGround(folder: string): Promise<void> {
  const log = await readFile(join(folder, groundFiles.log), 'utf8');
  if ((await recordingDigest(log, join(folder, groundFiles.arena))) !== basename(folder))
    throw new Error(`${folder} has other content than when it was made`);
}

/** Takes what was recorded of a ground away, where it is not what it was. */
export async function dropGround(folder: string, { recording }: RecordedGround): Promise<void> {
  await rm(join(folder, recording), { recursive: true, force: true });
}

/** Whether one of the folders has a ground. */
export async function hasGround(folders: readonly string[], { recording }: RecordedGround): Promise<boolean> {
  return (await firstWith(folders, recording)) !== undefined;
}

async function firstWith(folders: readonly string[], recording: string): Promise<string | undefined> {
  const own = folders.map((folder) => join(folder, recording));
  const there = await Promise.all(own.map(isFolder));
  return own[there.indexOf(true)];
}

async function isWhole(folder: string): Promise<boolean> {
  return assertGround(folder).then(
    () => true,
    () => false,
  );
}

/**
 * The log of a ground from the first of the folders that has it; its data is at `arenaPath` then, wherever the ledger goes.
 * Throws Error where none has it as it was.
 */
export async function openGround(
  folders: readonly string[],
  { recording }: RecordedGround,
  arenaPath: string,
): Promise<WriteLog> {
  const folder = await firstWith(folders, recording);
  if (folder === undefined) throw new Error('it is gone');
  await assertGround(folder);
  await rm(arenaPath, { force: true });
  await linkOrCopy(join(folder, groundFiles.arena), arenaPath);
  return loadLog(await readFile(join(folder, groundFiles.log), 'utf8'));
}
