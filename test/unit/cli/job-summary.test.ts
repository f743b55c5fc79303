import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addToJobSummary } from '../../../src/cli/job-summary.ts';

async function job() {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-job-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const written: string[] = [];
  const output = { write: (text: string) => written.push(text) > 0 };
  const streams = (path: string | undefined) => ({
    stdout: output,
    stderr: output,
    environment: path === undefined ? {} : { GITHUB_STEP_SUMMARY: path },
  });
  return { folder, written, streams };
}

describe('the summary of a job', () => {
  it('is added to what earlier commands of the step have said', async () => {
    const { folder, streams, written } = await job();
    const path = join(folder, 'summary.md');
    await addToJobSummary('one\n', streams(path));
    await addToJobSummary('two\n', streams(path));
    expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
    expect(written).toEqual([]);
  });

  it('stays below what GitHub takes', async () => {
    const { folder, streams } = await job();
    const path = join(folder, 'summary.md');
    await addToJobSummary('x'.repeat(2 << 20), streams(path));
    const { length } = await readFile(path);
    expect(length).toBeGreaterThan(900_000);
    expect(length).toBeLessThan(1 << 20);
  });

  it('is nobody’s where no server asks for one, and no reason to fail where it cannot be written', async () => {
    const { folder, streams, written } = await job();
    await addToJobSummary('text', streams(undefined));
    await addToJobSummary('text', streams(''));
    expect(written).toEqual([]);
    await addToJobSummary('text', streams(join(folder, 'missing', 'summary.md')));
    expect(written.join('')).toMatch(/^no summary was added to .*summary\.md: ENOENT/);
  });
});
