import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodeOfRuns } from '../../../src/cli/exit-code.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { planMerge } from '../../../src/runner/merge.ts';
import { codesOf, type Lab } from '../../support/simulated/lab.ts';
import { apart, made, merged, outcome, recordedLab, reuse, shared } from '../../support/simulated/workers.ts';

/** The ledgers that workers left below their reports, in the order in which they began. */
async function ledgersOf({ reports }: Lab): Promise<string[]> {
  const all = await readdir(reports, { recursive: true, withFileTypes: true });
  const found = all.filter(({ parentPath }) => basename(parentPath) === 'workers');
  const begun = await Promise.all(
    found.map(async ({ parentPath, name }) => {
      const { began } = JSON.parse(await readFile(join(parentPath, name), 'utf8')) as { began: string };
      return { began, ledger: dirname(parentPath) };
    }),
  );
  return begun.sort((a, b) => (a.began < b.began ? -1 : 1)).map(({ ledger }) => ledger);
}

/** Rewrites what a worker has left word of. */
async function rewriteWord(ledger: string, change: Record<string, unknown>): Promise<void> {
  const [name = ''] = await readdir(join(ledger, 'workers'));
  const path = join(ledger, 'workers', name);
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }));
}

function notices({ events }: Lab): string {
  return events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])).join('\n');
}

describe('folders of workers', { timeout: 60_000 }, () => {
  it('that are given twice, by a link or as a copy, count once', async () => {
    const lab = await recordedLab();
    await apart(lab, 2);
    const [first = '', second = ''] = await ledgersOf(lab);
    const { record: once } = await merged(lab, [first, second]);
    const [link, copy] = [join(lab.folder, 'link'), join(lab.folder, 'copy')];
    await symlink(first, link);
    await cp(first, copy, { recursive: true });
    const { record, plan } = await merged(lab, [copy, first, link, `${second}/`, second]);
    expect(plan.notices).toEqual([]);
    expect(outcome(record)).toEqual(outcome(once));
    expect(record.crash?.boots).toBe(once.crash?.boots);
    expect(record.crash?.audited).toBe(once.crash?.audited);
  });

  it('of another seed, program, scenario or recording are left out, and it is said whose and why', async () => {
    const lab = await recordedLab();
    await apart(lab, 2);
    const [first = '', second = ''] = await ledgersOf(lab);
    const [name = ''] = await readdir(join(first, 'workers'));
    const word = JSON.parse(await readFile(join(first, 'workers', name), 'utf8')) as {
      scenario: { file: string; sha256: string };
      limits: object;
    };
    const { scenario, limits } = word;
    for (const [change, said] of [
      [{ seed: '7' }, '--seed 7, not 1'],
      [{ program: '0123456789abcdef' }, 'another version of brownout'],
      [{ recordings: ['0123'] }, 'another recording'],
      [{ scenario: { ...scenario, sha256: '0123' } }, 'another content of the scenario file'],
      [{ limits: { ...limits, auditLeast: 9 } }, 'auditLeast 9, not '],
      [{ shard: { index: 1, count: 3 } }, 'parts of 3, not of 2'],
    ] as const) {
      await writeFile(join(first, 'workers', name), JSON.stringify({ ...word, ...change }));
      const { notices: told } = await planMerge([first, second]);
      expect(told[0]).toMatch(/^left out: part 1 of [23] on .* \(.*\/ledger\), with /);
      expect(told[0]).toContain(said);
      expect(told[1]).toMatch(/: no worker has begun part 1 of 2: its states are decided here$/);
    }
  });

  it('of which one is missing leave the whole unknown where there is no time for its part; it is named', async () => {
    const lab = await recordedLab();
    await apart(lab, 2);
    const [first = '', second = ''] = await ledgersOf(lab);
    const { record } = await merged(lab, [second], { limits: { budgetMs: 1 } });
    expect(record.verdict).toBe('unknown');
    expect(exitCodeOfRuns([record])).toBe(3);
    expect(record.crash?.unfinished).toEqual(['no worker has begun part 1 of 2']);
    expect(summaryText([record])).toMatch(
      /\d+ UNKNOWN: the budget was used up; no worker has begun part 1 of 2/,
    );
    await rewriteWord(first, { shard: { index: 2, count: 2 } });
    const { notices: told } = await planMerge([first, second]);
    expect(told).toEqual([
      expect.stringContaining('no worker has begun part 1 of 2 (part 2 of 2 was begun more than once)'),
    ]);
  });

  it('that are none are refused, and it is said what they are', async () => {
    const lab = await recordedLab();
    await lab.run();
    const plain = (await readdir(lab.reports)).sort().at(-2) ?? '';
    const refused = (folder: string, message: RegExp) =>
      expect(planMerge([folder])).rejects.toMatchObject({
        ...{ kind: 'scenario', code: 'ledger-missing' },
        message: expect.stringMatching(message) as string,
      });
    await refused(join(lab.reports, plain), /is the report of a run that had no part \(--shard\)$/);
    await refused(join(lab.folder, 'nowhere'), /^there is no .*\/nowhere$/);
    await refused(join(lab.folder, 'image'), /^there is no ledger in .*\/image, nor below$/);
    await mkdir(join(lab.folder, 'empty', 'workers'), { recursive: true });
    await refused(join(lab.folder, 'empty'), /^no worker has left word of it in .*\/empty$/);
  });
});

describe('a ledger that cannot be written', { timeout: 60_000 }, () => {
  it("is the host's trouble where a worker begins with it", async () => {
    const lab = await recordedLab();
    const ledger = { folder: '/dev/null', besides: [], live: true };
    const record = await lab.run({ limits: { ...reuse, shard: { index: 1, count: 2 }, ledger } });
    expect(codesOf(record)).toEqual(['ledger-unwritable']);
    expect(record.problem).toMatchObject({
      kind: 'harness',
      message: expect.stringMatching(/^cannot write the ledger \/dev\/null\/workers: /) as string,
      hint: expect.stringContaining('--ledger') as string,
    });
    expect(exitCodeOfRuns([record])).toBe(3);
  });

  it('any more leaves a worker alone, which says so once and decides what there is to decide', async () => {
    const lab = await recordedLab();
    const one = await lab.run();
    const { ledger, ...rest } = shared(lab, { index: 1, count: 1 });
    let isSpoilt = false;
    const spoil = async () => {
      isSpoilt = true;
      const boots = join(lab.folder, 'shared', 'boots');
      await rm(boots, { recursive: true });
      await writeFile(boots, '');
    };
    const { createTarget } = lab;
    lab.createTarget = async (options) => {
      if (!isSpoilt) await spoil();
      return createTarget(options);
    };
    const record = await lab.run({ jobs: 1, limits: { ...rest, ledger } });
    expect(record.verdict).toBe('passed');
    expect(record.crash?.decided).toEqual(one.crash?.decided);
    expect(notices(lab).match(/boots are not shared with other workers any more/g)).toHaveLength(1);
    expect(made(record).length).toBeGreaterThan(0);
  });
});
