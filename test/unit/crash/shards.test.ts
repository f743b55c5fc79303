import { appendFile, cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendLine, readLines } from '../../../src/core/checked-lines.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { planMerge } from '../../../src/runner/merge.ts';
import { codesOf } from '../../support/simulated/lab.ts';
import {
  apart,
  deciding,
  made,
  merged,
  outcome,
  recordedLab,
  reuse,
  shared,
  together,
} from '../../support/simulated/workers.ts';

/** As if the worker of a ledger were on another host, and had been killed with all its boots under way. */
async function forgetEnds(ledger: string): Promise<void> {
  for (const { name, parentPath } of await readdir(ledger, { recursive: true, withFileTypes: true })) {
    if (!parentPath.endsWith('/canonical')) continue;
    const { values } = readLines(await readFile(join(parentPath, name), 'utf8'));
    await rm(join(parentPath, name));
    for (const value of values as { begun?: object; over?: number }[]) {
      if (value.begun !== undefined) Object.assign(value.begun, { by: '0123abcd-1' });
      if (value.over === undefined) await appendLine(join(parentPath, name), value);
    }
  }
}

function statesOf({ crash }: RunRecord): number {
  return Object.values(crash?.states ?? {}).reduce((sum, count) => sum + count, 0);
}

describe('workers with a part each', () => {
  it('decide their parts and claim no more; merged, they are as one worker', async () => {
    const lab = await recordedLab();
    const one = await lab.run();
    const count = 3;
    const parts = await apart(lab, count);
    for (const [i, part] of parts.entries()) {
      expect(part).toMatchObject({ verdict: 'passed', shard: { index: i + 1, count } });
      expect(part.crash).toMatchObject({ claim: 'part', undecided: 0 });
      expect(summaryText([part])).toContain(`every crash state in part ${i + 1} of ${count}`);
      expect(part.crash?.cuts.some(({ kind }) => kind === 'live')).toBe(false);
    }
    expect(parts.reduce((sum, part) => sum + statesOf(part), 0)).toBe(statesOf(one));
    const { record, plan } = await merged(lab, [lab.reports]);
    expect(plan.notices).toEqual([]);
    expect(record.shard).toBeUndefined();
    expect(outcome(record)).toEqual(outcome(one));
    expect(deciding(record)).toEqual([]);
    expect(summaryText([record])).toMatch(/\d+ of \d+ boots are those of other workers, on /);
  });

  it.each([1, 2, 4])('come to the same where %i of them share a folder', async (count) => {
    const lab = await recordedLab();
    const one = await lab.run();
    const workers = await together(lab, count);
    for (const worker of workers) expect(worker.crash).toMatchObject({ claim: 'part', undecided: 0 });
    const { record } = await merged(lab, [join(lab.folder, 'shared')]);
    expect(outcome(record)).toEqual(outcome(one));
    // The state that is booted twice more; one of the workers may have drawn a state that another one had booted.
    expect(made(record).filter(({ stage }) => stage === 'whole').length).toBeLessThanOrEqual(2);
    expect(record.crash?.audited).toBeGreaterThanOrEqual(one.crash?.audited ?? 0);
  });

  it('that share a folder make hardly more boots than one, and who begins late none', async () => {
    const lab = await recordedLab({}, { recordings: 4 });
    const [alone] = await together(lab, 1, 'alone');
    if (alone === undefined) throw new Error('there is no worker');
    for (const count of [2, 4]) {
      const workers = await together(lab, count, `of ${count}`);
      const boots = workers.reduce((sum, worker) => sum + made(worker).length, 0);
      expect(boots).toBeLessThanOrEqual(made(alone).length * 1.15);
      expect(workers.reduce((sum, worker) => sum + statesOf(worker), 0)).toBe(statesOf(alone));
      for (const worker of workers) expect(made(worker).length).toBeLessThan(made(alone).length * 0.75);
    }
    const late = await lab.run({ jobs: 1, limits: shared(lab, { index: 4, count: 4 }, 'of 4') });
    expect(late).toMatchObject({ verdict: 'passed', crash: { claim: 'part', undecided: 0 } });
    expect(made(late)).toEqual([]);
  });

  it('that share a folder and have no parts share their boots as well, audits and other random numbers among them', async () => {
    const lab = await recordedLab({}, { recordings: 2 });
    const workers = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () =>
          lab.run({ jobs: 1, limits: { ...shared(lab, undefined, `of ${count}`), chanceBoots: 2 } }),
        ),
      );
    const [alone] = await workers(1);
    if (alone === undefined) throw new Error('there is no worker');
    const together = await workers(4);
    expect(together.reduce((sum, worker) => sum + made(worker).length, 0)).toBeLessThanOrEqual(
      made(alone).length * 1.15,
    );
    for (const worker of together) {
      expect(outcome(worker)).toEqual(outcome(alone));
      expect(worker.crash?.audits).toMatchObject({ reseeded: 4, ended: 'complete' });
      expect(worker.crash?.audited).toBeGreaterThanOrEqual(alone.crash?.audits?.asked ?? 0);
    }
  });

  it('find the same broken promises, and say what they are to be blamed on when they are merged', async () => {
    const lab = await recordedLab({ forgetsFlush: true });
    const one = await lab.run();
    expect(one.verdict).toBe('failed');
    const workers = await together(lab, 2);
    expect(workers.map(({ verdict }) => verdict)).toContain('failed');
    for (const { findings } of workers) for (const { reason } of findings) expect(reason).toBeUndefined();
    const { record } = await merged(lab, [join(lab.folder, 'shared')]);
    expect(outcome(record).findings).toEqual(outcome(one).findings);
    expect(record.findings.every(({ reason }) => reason !== undefined)).toBe(true);
    const consoles = (record.crash?.cuts ?? []).flatMap((cut) =>
      cut.verdict === 'failed' && cut.host !== undefined ? [cut.console ?? ''] : [],
    );
    expect(consoles.length).toBeGreaterThan(0);
    const folder = lab.events.flatMap((event) => (event.type === 'run-started' ? [event.folder] : [])).at(-1);
    for (const console of consoles) expect(await readFile(join(folder ?? '', console), 'utf8')).not.toBe('');
  });

  it('take over what a dead one has left, or leave it to whoever merges', async () => {
    const lab = await recordedLab();
    const one = await lab.run();
    const dead = new AbortController();
    let cuts = 0;
    const died = await lab.run({
      limits: shared(lab, { index: 1, count: 2 }),
      signal: dead.signal,
      jobs: 1,
      events: (event) => {
        if (event.type === 'cut') cuts += 1;
        if (cuts === 2) dead.abort(new Error('killed'));
      },
    });
    expect(died.verdict).toBe('error');
    await forgetEnds(join(lab.folder, 'shared'));
    const { ledger, ...limits } = shared(lab, { index: 2, count: 2 });
    const other = await lab.run({
      limits: { ...limits, ledger: ledger && { ...ledger, leaseMs: 200 } },
      jobs: 1,
    });
    expect(other.crash).toMatchObject({ claim: 'part', undecided: 0 });
    const { record, plan } = await merged(lab, [join(lab.folder, 'shared')]);
    expect(plan.notices.join('\n')).toMatch(
      /part 1 of 2 was not finished \(.*\): its states are decided here/,
    );
    expect(outcome(record)).toEqual(outcome(one));
    expect(deciding(record)).toEqual([]);
    expect(made(other).length).toBeGreaterThan(0);
    await rm(lab.reports, { recursive: true });
    const [alone] = [await lab.run({ limits: { ...reuse, shard: { index: 2, count: 2 } } })];
    expect(alone.verdict).toBe('passed');
    const rest = await merged(lab, [lab.reports]);
    expect(rest.plan.notices.join('\n')).toContain('no worker has begun part 1 of 2');
    expect(outcome(rest.record)).toEqual(outcome(one));
    expect(deciding(rest.record).length).toBeGreaterThan(0);
  });

  it('are undecided where their budget ends, and so is the whole without more boots', async () => {
    const lab = await recordedLab();
    const limits = { ...reuse, shard: { index: 1, count: 2 }, budgetMs: 1 };
    const part = await lab.run({ limits });
    expect(part.verdict).toBe('unknown');
    expect(part.crash?.claim).toBe('sampled');
  });
});

describe('what is merged', () => {
  it("is the same in any order and when merged again, with torn, lost and strangers' boots", async () => {
    const lab = await recordedLab();
    const one = await lab.run();
    await apart(lab, 2);
    const ledgers = (await readdir(lab.reports))
      .filter((name) => name !== 'latest')
      .map((name) => join(lab.reports, name, 'ledger'))
      .slice(-2);
    const orders = [[...ledgers].reverse(), [lab.reports]];
    for (const folders of orders) {
      const { record, plan } = await merged(lab, folders);
      expect(plan.notices).toEqual([]);
      expect(outcome(record)).toEqual(outcome(one));
    }
    const [first = ''] = ledgers;
    const boots = (await readdir(join(first, 'boots'), { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile(),
    );
    const [file] = boots.map(({ parentPath, name }) => join(parentPath, name));
    if (file === undefined) throw new Error('there are no boots');
    const text = await readFile(file, 'utf8');
    await truncate(file, text.length - 9);
    await appendFile(join(file, '..', 'garbage'), 'no line of ours\n{"begun": 1}\n');
    const judge = join(file, '..', '..');
    await cp(judge, join(judge, '..', '0123456789abcdef'), { recursive: true });
    const { record } = await merged(lab, [...ledgers, lab.reports]);
    expect(outcome(record)).toEqual(outcome(one));
    const notices = lab.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    expect(notices.join('\n')).toMatch(/boots of another program, QEMU or scenario, .*: 0123456789abcdef/);
    // The torn line, and the garbage.
    expect(notices.join('\n')).toMatch(/3 of \d+ boots of earlier runs in .* cannot be read/);
  });

  it('is refused where there is none, and where scenario or recording are others', async () => {
    const lab = await recordedLab();
    const none = join(lab.folder, 'image');
    await expect(planMerge([none])).rejects.toMatchObject({ code: 'ledger-missing' });
    await lab.run({ limits: shared(lab, { index: 1, count: 2 }) });
    const folder = join(lab.folder, 'shared');
    const { record } = await merged(lab, [folder], { recordings: { cut: ['0123456789ab'] } });
    expect(codesOf(record)).toEqual(['recording-unfit']);
    await lab.scenario({ name: 'Another' });
    await expect(planMerge([folder])).rejects.toMatchObject({ code: 'shards-differ' });
  });

  it('is what an interrupted worker of a folder of its own points to', async () => {
    const lab = await recordedLab();
    const controller = new AbortController();
    await lab.run({
      limits: { ...reuse, shard: { index: 1, count: 1 } },
      jobs: 1,
      signal: controller.signal,
      events: (event) => {
        lab.events.push(event);
        if (event.type === 'cut') controller.abort(new Error('interrupted'));
      },
    });
    const notices = lab.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    expect(notices.at(-1)).toMatch(/^p1: .* kept, and brownout report merge takes them from .*\/ledger$/);
  });

  it('leaves out workers that were asked something else', async () => {
    const lab = await recordedLab();
    await lab.run({ seed: '2', limits: shared(lab, { index: 2, count: 2 }) });
    await lab.run({ limits: shared(lab, { index: 1, count: 2 }) });
    const folder = join(lab.folder, 'shared');
    await mkdir(join(folder, 'workers'), { recursive: true });
    await writeFile(join(folder, 'workers', 'torn.json'), '{"format":1,');
    const plan = await planMerge([folder]);
    expect(plan.seed).toBe('1');
    expect(plan.notices.join('\n')).toMatch(
      /left out: part 2 of 2 on .* \(.*\/shared\), with --seed 2, not 1/,
    );
    expect(plan.notices.join('\n')).toMatch(/workers\/torn.json cannot be read/);
    expect(plan.notices.join('\n')).toContain('no worker has begun part 2 of 2');
  });
});
