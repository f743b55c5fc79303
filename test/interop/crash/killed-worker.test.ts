import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { expect, it, onTestFinished } from 'vitest';
import { readLines } from '../../../src/core/checked-lines.ts';
import { restoreFact } from '../../../src/crash/boot-fact.ts';

/** A scratch folder, and what begins a worker there in a process of its own, or records alone. */
async function workers() {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-killed-'));
  // Below node_modules, so that it finds its packages.
  const outdir = resolve('node_modules', '.cache', 'killed-worker', String(process.pid));
  onTestFinished(async () => {
    for (const made of [folder, outdir]) await rm(made, { recursive: true, force: true });
  });
  await build({
    entryPoints: ['test/robustness/simulated-worker.ts'],
    ...{ outdir, outExtension: { '.js': '.mjs' }, bundle: true, platform: 'node', format: 'esm' },
    ...{ packages: 'external', target: 'node20', logLevel: 'warning' },
  });
  const begin = (ledger: string, part: string) =>
    execa(process.execPath, [join(outdir, 'simulated-worker.mjs'), folder, join(folder, ledger), part], {
      env: { BROWNOUT_CACHE: join(folder, 'cache') },
      reject: false,
    });
  return { folder, begin };
}

/** Boots that deciding states took, and boots that were begun, in a ledger. */
async function linesIn(ledger: string): Promise<{ facts: number; begun: number }> {
  const found = { facts: 0, begun: 0 };
  for (const { name, parentPath } of await readdir(ledger, { recursive: true, withFileTypes: true }).catch(
    () => [],
  ))
    if (parentPath.endsWith('/canonical'))
      for (const value of readLines(await readFile(join(parentPath, name), 'utf8')).values) {
        if (restoreFact(value) !== undefined) found.facts += 1;
        else if (typeof value === 'object' && value !== null && 'begun' in value) found.begun += 1;
      }
  return found;
}

it('what a killed worker has begun is done by another one at once, and what it has done is not done again', async () => {
  const { folder, begin } = await workers();
  expect((await begin('none', '-')).exitCode).toBe(0);
  const undisturbed = JSON.parse((await begin('alone', '1/1')).stdout) as { made: number };
  const ledger = join(folder, 'shared');
  const killed = begin('shared', '1/2');
  for (;;) {
    const { facts, begun } = await linesIn(ledger);
    if (facts >= 2 && begun > facts) break;
    await new Promise((done) => setTimeout(done, 5));
  }
  killed.kill('SIGKILL');
  expect((await killed).signal).toBe('SIGKILL');
  const { facts, begun } = await linesIn(ledger);
  expect(begun).toBeGreaterThan(facts);
  const started = performance.now();
  const other = JSON.parse((await begin('shared', '2/2')).stdout) as {
    exitCode: number;
    undecided: number;
    made: number;
  };
  expect(other).toMatchObject({ exitCode: 0, undecided: 0 });
  expect(facts + other.made).toBeLessThanOrEqual(Math.ceil(undisturbed.made * 1.15));
  // Not the minute after which one of another host is taken for dead.
  expect(performance.now() - started).toBeLessThan(50_000);
}, 120_000);
