import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { HarnessError, messageOf } from '../core/errors.ts';
import { writeFileAtomically } from '../core/files.ts';
import { makeFolders } from '../core/make-folders.ts';
import { programDigest } from '../core/program-digest.ts';
import { parseStored } from '../core/stored.ts';
import type { ExploreLimits } from '../crash/explore-cuts.ts';
import type { RunContext } from '../device/run-context.ts';
import { machineNames } from '../model/machine.ts';
import type { Ended } from '../model/record.ts';
import type { Recording } from '../recording/recordings.ts';

/** Below a worker's report folder, where no folder was shared. */
export const ledgerFolder = 'ledger';

/** Below a ledger. */
const workersFolder = 'workers';

const count = z.int().min(0);

const workerSchema = z.object({
  format: z.literal(1),
  run: z.string(),
  scenario: z.object({ file: z.string(), sha256: z.string() }),
  machine: z.enum(machineNames),
  seed: z.string(),
  /** What decides which boots are made. */
  limits: z.object({
    canonical: z.boolean(),
    auditShare: z.number().min(0),
    auditLeast: count,
    chanceBoots: count,
    retryBoots: count,
    secondCutBoots: count,
  }),
  shard: z.object({ index: z.int().min(1), count: z.int().min(1) }).exactOptional(),
  host: z.string(),
  /** Digest of its code: what another version has booted counts for nothing. */
  program: z.string(),
  /** SHA-256 of those that it cuts the power in. */
  recordings: z.array(z.string()),
  /** ISO 8601. */
  began: z.string(),
  /** How deciding the states of its part ended; absent: it did not come to an end. */
  ended: z.enum(['complete', 'bound', 'budget', 'interrupted']).exactOptional(),
});

/** A worker of a ledger, in a file by whose name two copies of it are known. */
export type FoundWorker = WorkerRecord & { ledger: string; name: string };

/** What a worker leaves in a ledger besides its boots: what it was asked, and how it ended. */
export type WorkerRecord = z.output<typeof workerSchema>;

/**
 * Leaves word of a worker in its ledger, where it has one that is shared; returns what says how it ended. Both throw HarnessError
 * `ledger-unwritable`.
 */
export async function beginWorker(
  { runId, scenario, machine }: RunContext,
  { seed, limits }: { seed: string; limits: ExploreLimits },
  sound: readonly Recording[],
): Promise<(ended: Ended) => Promise<void>> {
  const { ledger, shard, canonical, auditShare, auditLeast, chanceBoots, retryBoots, secondCutBoots } =
    limits;
  // Whoever merges is no worker: what it boots is asked for by those that are merged.
  if (ledger === undefined || (shard === undefined && !ledger.live)) return () => Promise.resolve();
  const folder = join(ledger.folder, workersFolder);
  const record: WorkerRecord = {
    format: 1,
    run: runId,
    scenario: { file: scenario.source.path, sha256: scenario.source.sha256 },
    machine,
    seed,
    limits: { canonical, auditShare, auditLeast, chanceBoots, retryBoots, secondCutBoots },
    ...(shard === undefined ? {} : { shard }),
    host: hostname(),
    program: await workerProgram(),
    recordings: sound.map(({ sha256 }) => sha256),
    began: new Date().toISOString(),
  };
  const path = join(folder, `${runId}-${randomBytes(4).toString('hex')}.json`);
  const write = async (value: WorkerRecord) => {
    try {
      await makeFolders(folder);
      await writeFileAtomically(path, `${JSON.stringify(value)}\n`);
    } catch (cause) {
      throw new HarnessError('ledger-unwritable', `cannot write the ledger ${folder}: ${messageOf(cause)}`, {
        cause,
        hint: 'make room there or let it be written, or name another folder with --ledger',
      });
    }
  };
  await write(record);
  return (ended) => write({ ...record, ended });
}

/** By which workers of one version of this program are told from others. */
export async function workerProgram(): Promise<string> {
  return (await programDigest()).slice(0, 16);
}

/** The workers of a ledger, and the files that say nothing of one. */
export async function readWorkers(ledger: string): Promise<{ workers: FoundWorker[]; damaged: string[] }> {
  const folder = join(ledger, workersFolder);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const damaged: string[] = [];
  const workers: FoundWorker[] = [];
  for (const name of names)
    try {
      workers.push({
        ...parseStored(await readFile(join(folder, name), 'utf8'), workerSchema),
        ...{ ledger, name },
      });
    } catch {
      damaged.push(join(folder, name));
    }
  return { workers, damaged };
}

/** The ledgers in and below folders: of workers that shared one, or in the report folders of those that did not. */
export async function ledgersBelow(folder: string, depth = 3): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (folders.includes(workersFolder)) return [folder];
  if (depth === 0) return [];
  const below = await Promise.all(folders.sort().map((name) => ledgersBelow(join(folder, name), depth - 1)));
  return below.flat();
}
