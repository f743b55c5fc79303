import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, ScenarioError } from '../../core/errors.ts';
import { fileTrouble } from '../../core/file-trouble.ts';
import { writeFileAtomically } from '../../core/files.ts';
import { parseStored } from '../../core/stored.ts';
import { machineNames, machines } from '../../model/machine.ts';

const lockedPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(0),
});

const lockedSet = z.strictObject({
  suite: z.string(),
  architecture: z.enum(machineNames.map((name) => machines[name].architecture.debian)),
  /** Absent: true. */
  checkValidUntil: z.literal(false).optional(),
  packages: z.array(lockedPackage),
});

const lockFile = z.strictObject({ format: z.literal(1), sets: z.record(z.string(), lockedSet) });

export type LockedPackage = z.infer<typeof lockedPackage>;
/** Packages of one purpose with exact versions. */
export type LockedSet = z.infer<typeof lockedSet>;
/** All packages that an image is made of, by purpose: `tools`, `qemuarm64/system`. */
export type LockFile = z.infer<typeof lockFile>;

/** The packages of one machine's image by purpose. */
export interface ImageSets {
  tools: LockedSet;
  /** For the build, from another suite. */
  moreTools?: LockedSet;
  system: LockedSet;
  kernel: LockedSet;
  /** Of images that boot by firmware. */
  firmware?: LockedSet;
  /** For the system, from another suite. */
  more?: LockedSet;
  /** Of images that are installed from a feed of Debian packages. */
  feed?: LockedSet;
}

/** Reads a lock file. Throws ScenarioError `lock-missing` or `lock-invalid`. */
export async function readLock(path: string): Promise<LockFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ScenarioError('lock-missing', `${path} cannot be read: ${fileTrouble(cause)}`, {
      cause,
      hint: 'make it with: brownout image lock',
    });
  });
  return parseLock(text, path);
}

/** Checks the text of a lock file; `path` is for messages. Throws ScenarioError `lock-invalid`. */
export function parseLock(text: string, path: string): LockFile {
  try {
    return parseStored(text, lockFile);
  } catch (cause) {
    throw new ScenarioError('lock-invalid', `${path} is not a lock file: ${messageOf(cause)}`, {
      cause,
      hint: 'restore it from git, or make it again with: brownout image lock',
    });
  }
}

/** Writes a lock file in one piece. */
export function writeLock(path: string, lock: LockFile): Promise<void> {
  return writeFileAtomically(path, `${JSON.stringify(lock, null, 2)}\n`);
}

/** The set of a purpose. Throws ScenarioError `lock-outdated` when the lock does not have it. */
export function lockedSetOf(lock: LockFile, purpose: string, path: string): LockedSet {
  const set = lock.sets[purpose];
  if (set !== undefined) return set;
  throw new ScenarioError('lock-outdated', `${path} has no packages for ${purpose}`, {
    hint: 'make it again with: brownout image lock',
  });
}
