import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectFolder } from './cli.ts';

interface Experiment {
  name: string;
  repetitions: number;
  failures: { troubles: string[] }[];
}

/** A few of what `npm run robustness` does hundreds of times. */
function robustness(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(projectFolder, 'test/robustness/robustness.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...said }));
  });
}

describe('a harness that is treated badly', () => {
  it('leaves nothing behind, and comes to the same verdict when it is run again', async () => {
    const few = ['--kills', '6', '--rounds', '3', '--stops', '1', '--stop-seconds', '3', '--sizes', '2'];
    const { code, stdout, stderr } = await robustness(...few);
    const { experiments } = JSON.parse(stdout) as { experiments: Experiment[] };
    const failed = experiments.flatMap(({ name, failures }) =>
      failures.flatMap(({ troubles }) => troubles.map((trouble) => `${name}: ${trouble}`)),
    );
    expect(failed).toEqual([]);
    expect(experiments.slice(0, 3).map(({ repetitions }) => repetitions)).toEqual([6, 1, 1]);
    expect(code, stderr).toBe(0);
  });

  it('refuses what is no number', async () => {
    const { code, stderr } = await robustness('--kills', 'many');
    expect([code, stderr]).toEqual([2, '--kills: expected a number, found many\n']);
  });
});
