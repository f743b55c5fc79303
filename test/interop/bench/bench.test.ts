import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';

/** Runs a benchmark of the built program, as its npm script does; returns what it prints. */
async function bench(name: string, args: string[]): Promise<unknown> {
  const { stdout } = await execa(process.execPath, ['.config/bench.mjs', name, ...args]);
  return JSON.parse(stdout);
}

describe('a benchmark, with a small size', () => {
  it('of the ledger takes up what it has written', async () => {
    const size = ['--records', '20', '--writes', '30', '--sectors', '20', '--read', '50', '--differing', '5'];
    expect(await bench('ledger', size)).toMatchObject({ records: 20, taken: expect.any(Number) as number });
  });

  it('of states writes and reads them', async () => {
    const size = ['--writes', '30', '--sectors', '20', '--read', '50', '--boots', '5'];
    expect(await bench('states', size)).toMatchObject({ boots: 5, bytes: expect.any(Number) as number });
  });

  it('of long recordings measures each length in a process of its own', async () => {
    const size = ['--writes', '50,100', '--megabytes', '16', '--sectors', '200'];
    expect(await bench('explore-memory', size)).toMatchObject({ sizes: [{ writes: 50 }, { writes: 100 }] });
  });

  it('of workers comes to the same verdict each way', async () => {
    const output = await mkdtemp(join(tmpdir(), 'brownout-bench-'));
    onTestFinished(() => rm(output, { recursive: true, force: true }));
    const size = ['--recordings', '1', '--boot-ms', '0', '--workers', '1,2', '--output', output];
    const results = (await bench('shards', size)) as { decided: number; verdict: string }[];
    expect(results.map(({ verdict }) => verdict)).toEqual(['passed', 'passed', 'passed', 'passed']);
    expect(new Set(results.map(({ decided }) => decided)).size).toBe(1);
  });
});
