import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodeOfRuns } from '../../../src/cli/exit-code.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import type { StatesRecord } from '../../../src/model/states.ts';
import { readRecord } from '../../../src/report/stored-record.ts';
import { readStates } from '../../../src/report/stored-states.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

/** What a package manager is known for that writes the owner's files where they are, and the upstream bug about it. */
const emptied = {
  cause: {
    check: 'configuration',
    phase: ['install', 'first-boot', 'confirm'],
    file: ['/etc/hostname', '/etc/app.conf'],
  },
  until: '2999-12-31',
  tracker: 'https://bugs.example/17',
  why: 'conffiles are rewritten in place',
};

/** A gate over a device; `list` lies beside its scenario. */
async function gate(traits: SlotTraits, list: readonly object[] | undefined): Promise<Lab> {
  const lab = await slotLab(traits);
  await lab.scenario({ powerCuts: { during: ['install', 'first-boot', 'confirm'] } });
  if (list !== undefined)
    await writeFile(join(lab.folder, 'known-findings.yaml'), JSON.stringify({ known: list }));
  return lab;
}

const limits = { auditLeast: 0, auditShare: 0, retryBoots: 0 };

function told({ verdict, known = [], findings }: RunRecord) {
  return {
    verdict,
    exit: exitCodeOfRuns([{ verdict }]),
    list: known.map(({ status }) => status),
    findings: [...new Set(findings.map(({ known: as }) => as?.status))],
  };
}

async function filesOf(
  lab: Lab,
): Promise<{ junit: string; page: string; record: RunRecord; states: StatesRecord }> {
  const read = (name: string) => readFile(join(lab.reports, 'latest', name), 'utf8');
  return {
    junit: await read('junit.xml'),
    page: await read('index.html'),
    record: readRecord(await read('run.json')),
    states: readStates(await read('states.json')),
  };
}

const count = (junit: string, what: string) => Number(new RegExp(`\\b${what}="(\\d+)"`).exec(junit)?.[1]);

describe('a gate that carries a known finding', () => {
  it('is red without the list', async () => {
    const lab = await gate({ rewritesFiles: true }, undefined);
    const record = await lab.run({ limits });
    // The card of a finding has the file before and after.
    expect((await filesOf(lab)).page).toMatch(
      /What the owner had in <code>\/etc\/(hostname|app\.conf)<\/code>, and what is there: <span class="mark failed">lost<\/span>/,
    );
    expect(told(record)).toEqual({ verdict: 'failed', exit: 1, list: [], findings: [undefined] });
  });

  it('is green with it, and every report says so', async () => {
    const lab = await gate({ rewritesFiles: true }, [emptied]);
    const record = await lab.run({ limits });
    expect(told(record)).toEqual({ verdict: 'known', exit: 0, list: ['known'], findings: ['known'] });
    // Nothing hides behind what is known: each state was tried.
    expect(record.crash).toMatchObject({ skipped: 0, undecided: 0 });
    const { junit, page, record: stored, states } = await filesOf(lab);
    expect(stored).toEqual(record);
    expect([count(junit, 'failures'), count(junit, 'errors')]).toEqual([0, 0]);
    expect(junit).toMatch(
      /<skipped message="known until 2999-12-31 \(https:\/\/bugs\.example\/17\): conffiles are rewritten in place: /,
    );
    const verdicts = states.traces.flatMap(({ stages }) => stages.flatMap(({ boots }) => boots));
    expect(new Set(verdicts.map(({ verdict }) => verdict))).toEqual(new Set(['passed', 'known']));
    expect(page).toContain('break what was promised, as is known; nothing else does.');
    expect(page).toContain('known until 2999-12-31 (https://bugs.example/17)');
    const text = summaryText([record]);
    expect(text).toContain('passed, but for KNOWN findings');
    expect(text).toMatch(/findings: \d+, \d+ of them known/);
    expect(text).toContain(
      '  known finding: configuration during install, first-boot or confirm, of /etc/hostname, ',
    );
    expect(text).toContain('(https://bugs.example/17, until 2999-12-31): known\n');
  });

  it('is red after its date', async () => {
    const lab = await gate({ rewritesFiles: true }, [{ ...emptied, until: '2020-01-31' }]);
    const record = await lab.run({ limits });
    expect(told(record)).toEqual({ verdict: 'failed', exit: 1, list: ['expired'], findings: ['expired'] });
    const { junit, page } = await filesOf(lab);
    expect(count(junit, 'failures')).toBeGreaterThan(0);
    expect(junit).toContain('EXPIRED: was known until 2020-01-31 (https://bugs.example/17)');
    expect(page).toContain('EXPIRED: was known until 2020-01-31');
  });

  it('says that it is gone when it no longer appears', async () => {
    const lab = await gate({}, [emptied]);
    const record = await lab.run({ limits });
    expect(told(record)).toEqual({ verdict: 'passed', exit: 0, list: ['gone'], findings: [] });
    expect(summaryText([record])).toContain(', until 2999-12-31): GONE: it did not appear');
    expect((await filesOf(lab)).page).toContain('GONE: it did not appear');
  });

  it('does not call gone what a few drawn states did not show, nor what an interrupted run has not come to', async () => {
    const lab = await gate({}, [emptied]);
    const drawn = await lab.run({ powerCuts: { mode: 'random', count: 2 } });
    expect(told(drawn)).toEqual({ verdict: 'passed', exit: 0, list: ['not seen'], findings: [] });
    const spent = await lab.run({ limits: { ...limits, budgetMs: 1 } });
    expect(told(spent)).toMatchObject({ verdict: 'unknown', exit: 3, list: ['not seen'] });
  });

  it.each([
    ['another file', { cause: { ...emptied.cause, file: '/etc/passwd' } }],
    ['one of two files', { cause: { ...emptied.cause, file: '/etc/hostname' } }],
    ['another check', { cause: { ...emptied.cause, check: 'release' } }],
    ['another phase', { cause: { ...emptied.cause, phase: 'rollback' } }],
    ['another machine', { machine: 'qemux86-64' }],
  ])('does not take it for known by %s', async (_, other) => {
    const record = await (await gate({ rewritesFiles: true }, [{ ...emptied, ...other }])).run({ limits });
    expect(record.verdict).toBe('failed');
    expect(exitCodeOfRuns([record])).toBe(1);
  });

  it('is red for what nobody knows, beside what is known', async () => {
    const lab = await gate({ rewritesFiles: true, forgetsFlush: true }, [emptied]);
    const record = await lab.run({ limits });
    expect(told(record)).toMatchObject({ verdict: 'failed', exit: 1, list: ['known'] });
    const unknown = record.findings.filter(({ known }) => known === undefined);
    expect(unknown.map(({ check }) => check)).toContain('release');
    expect((await filesOf(lab)).page).toMatch(
      /break what was promised\. \d+ findings? besides, as is known\./,
    );
  });
});
