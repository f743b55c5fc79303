import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { HarnessError } from '../core/errors.ts';
import type { MachineName } from '../model/machine.ts';
import { type Requirement, requirementName, requirements } from './requirements.ts';

/** Oldest Node.js that runs this program (package.json, engines). */
const oldestNode = [20, 19] as const;

/** Which requirements matter now. */
export interface HostScope {
  purposes: readonly Requirement['purpose'][];
  /** Leave out what only other machines need. */
  machines?: readonly MachineName[] | undefined;
}

/** What the host lacks, found by looking for the programs and files; asks no package manager, takes milliseconds. */
export async function checkHost(
  { purposes, machines }: HostScope,
  environment = process.env,
): Promise<Requirement[]> {
  const folders = searchPath(environment);
  const wanted = requirements.filter(
    ({ purpose, machine }) =>
      purposes.includes(purpose) &&
      (machine === undefined || machines === undefined || machines.includes(machine)),
  );
  const there = await Promise.all(wanted.map((requirement) => isThere(requirement, folders)));
  return wanted.filter((_, i) => there[i] === false);
}

/** Throws HarnessError `host-incomplete` that lists what is missing and how to get it. */
export async function assertHost(scope: HostScope, environment = process.env): Promise<void> {
  const missing = await checkHost(scope, environment);
  if (missing.length === 0) return;
  throw new HarnessError('host-incomplete', `this host lacks ${missing.map(requirementName).join(', ')}`, {
    hint: `run: brownout setup (installs ${packagesOf(missing).join(', ')})`,
  });
}

/** The packages that bring these, each once. */
export function packagesOf(missing: readonly Requirement[]): string[] {
  return [...new Set(missing.map((requirement) => requirement.package))];
}

/** Throws HarnessError `node-too-old`. */
export function assertNode(version = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [needMajor, needMinor] = oldestNode;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  throw new HarnessError(
    'node-too-old',
    `Node.js ${needMajor}.${needMinor} or newer is needed; this is ${version}`,
  );
}

async function isThere({ what }: Requirement, folders: readonly string[]): Promise<boolean> {
  if ('file' in what) return canAccess(what.file, constants.R_OK);
  for (const folder of folders) if (await canAccess(join(folder, what.program), constants.X_OK)) return true;
  return false;
}

async function canAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

/** Administrators' programs (e2fsck) are not on every user's path. */
function searchPath(environment: NodeJS.ProcessEnv): string[] {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, '/usr/sbin', '/sbin'];
}
