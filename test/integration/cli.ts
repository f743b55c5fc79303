import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunRecord } from '../../src/model/record.ts';

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
const main = join(projectFolder, 'dist', 'cli', 'main.js');

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts the built command line; `onStarted` gets the process. */
export function brownout(
  args: readonly string[],
  { env = {}, onStarted }: { env?: NodeJS.ProcessEnv; onStarted?: (child: ChildProcess) => void } = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: projectFolder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onStarted?.(child);
  const result = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (result.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (result.stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...result }));
  });
}

/** The records of a run, as `run --json` printed them. */
export function recordsOf({ stdout, stderr }: CliResult): RunRecord[] {
  try {
    return (JSON.parse(stdout) as { runs: { record: RunRecord }[] }).runs.map(({ record }) => record);
  } catch (error) {
    throw new Error(`run --json printed no JSON: ${stdout.slice(0, 500)} ${stderr.slice(-2000)}`, {
      cause: error,
    });
  }
}

/** The single record of a run with one scenario and one machine. */
export function recordOf(result: CliResult): RunRecord {
  const [record] = recordsOf(result);
  if (record === undefined) throw new Error(`nothing was run: ${result.stderr.slice(-2000)}`);
  return record;
}

/** A temporary folder that is removed when disposed of. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'brownout-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Process ids of QEMUs whose command line names `text`. */
export async function qemusNaming(text: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('qemu-system') && command.includes(text)) found.push(Number(entry));
  }
  return found;
}
