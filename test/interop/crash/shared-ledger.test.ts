import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exitCodeOfRuns } from '../../../src/cli/exit-code.ts';
import { codesOf, type Lab } from '../../support/simulated/lab.ts';
import { restores } from '../../support/simulated/restores.ts';
import { made, merged, outcome, recordedLab, reuse } from '../../support/simulated/workers.ts';

const during = ['install', 'first-boot', 'second-cut'];
const isRoot = process.getuid?.() === 0;

/** A file system of its own for the ledger that workers of a lab share, with so much room. */
async function ledgerOn(lab: Lab, options: string): Promise<string> {
  const folder = join(lab.folder, 'mounted');
  await mkdir(folder, { recursive: true });
  await execa('mount', ['-t', 'tmpfs', '-o', options, 'brownout-test', folder]);
  onTestFinished(async () => {
    await execa('umount', [folder]);
  });
  return folder;
}

function worker(lab: Lab, folder: string, index: number) {
  const ledger = { folder, besides: [], live: true };
  const limits = { ...reuse, secondCutBoots: 6, shard: { index, count: 2 }, ledger };
  return lab.run({ jobs: 1, limits });
}

function notices({ events }: Lab): string {
  return events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])).join('\n');
}

describe.runIf(isRoot)('a ledger on a file system of its own', { timeout: 120_000 }, () => {
  it('has boots, consoles of failures and comings-back of all workers', async () => {
    const lab = await recordedLab({ onStart: restores, forgetsFlush: true }, { during });
    const one = await lab.run({ limits: { secondCutBoots: 6 } });
    const folder = await ledgerOn(lab, 'size=64m');
    expect((await stat(folder)).dev).not.toBe((await stat(lab.cache)).dev);
    await Promise.all([worker(lab, folder, 1), worker(lab, folder, 2)]);
    const { record, plan } = await merged(lab, [folder], { limits: { secondCutBoots: 6 } });
    expect(plan.notices).toEqual([]);
    expect(outcome(record).decided).toEqual(outcome(one).decided);
    expect(record.verdict).toBe('failed');
    expect(made(record).some(({ stage, decides = 0 }) => stage === 'whole' && decides > 0)).toBe(false);
  });

  it('that may only be read, or is full, is the trouble of the host', async () => {
    const lab = await recordedLab();
    const folder = await ledgerOn(lab, 'ro');
    await expect(lab.run({ reports: join(folder, 'reports') })).rejects.toMatchObject({
      ...{ kind: 'harness', code: 'reports-unwritable' },
      message: expect.stringMatching(/EROFS: read-only file system/) as string,
    });
    const readOnly = await worker(lab, folder, 1);
    expect(codesOf(readOnly)).toEqual(['ledger-unwritable']);
    expect(readOnly.problem?.message).toMatch(/^cannot write the ledger .*: EROFS: read-only file system/);
    expect(exitCodeOfRuns([readOnly])).toBe(3);
    const full = await worker(lab, await ledgerOn(lab, 'nr_inodes=2'), 1);
    expect(codesOf(full)).toEqual(['ledger-unwritable']);
    expect(full.problem?.message).toMatch(/ENOSPC/);
    expect(exitCodeOfRuns([full])).toBe(3);
  });

  it('that is full while they are at work leaves each alone; nothing is decided wrongly', async () => {
    const lab = await recordedLab();
    const one = await lab.run();
    const folder = await ledgerOn(lab, 'size=24k');
    const workers = await Promise.all([worker(lab, folder, 1), worker(lab, folder, 2)]);
    expect(notices(lab)).toContain('boots are not shared with other workers any more');
    // Who has no room to say how it ended has ended with the host's trouble.
    for (const { verdict, problem } of workers)
      expect([verdict, problem?.code]).toSatisfy(
        ([is, code]: string[]) => is === 'passed' || code === 'ledger-unwritable',
      );
    const { record } = await merged(lab, [folder]);
    expect(outcome(record)).toEqual(outcome(one));
  });
});
