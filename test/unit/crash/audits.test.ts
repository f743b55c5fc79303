import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { RunRecord } from '../../../src/model/record.ts';
import { LateDisk } from '../../../src/nbd/late-disk.ts';
import { runVerdict } from '../../../src/oracle/verdict.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { keepFile } from '../../support/simulated/images.ts';
import { codesOf, type Lab, slotLab } from '../../support/simulated/lab.ts';
import { fails, prints } from '../../support/simulated/shell.ts';
import { emptyStore } from '../filesystem/small-uefi.ts';

/** One check, which a lab answers in its own way; a device may come out of it in any. */
const lotsScenario = {
  powerCuts: { during: ['install'] },
  checks: [{ name: 'lots', run: 'draw lots' }],
  expect: { retry: 'unchecked', outcomes: 'unchecked' },
};

/** A lab whose device prints what `draw` makes of the random seed of its machine. */
async function luckLab(draw: (seed: number) => string): Promise<Lab> {
  let seed = 0;
  const lab = await slotLab({
    before: (command) => (command.includes('draw lots') ? prints(`${draw(seed)}\n`) : undefined),
  });
  const { createTarget } = lab;
  lab.createTarget = (options) => {
    seed = options.randomSeed ?? 0;
    return createTarget(options);
  };
  await lab.scenario({
    powerCuts: { during: ['install'] },
    checks: [{ name: 'lots', run: 'draw lots' }],
    expect: { retry: 'unchecked' },
  });
  return lab;
}

describe('audits', () => {
  it('are none at all where none were asked for, and the claim says so', async () => {
    const lab = await slotLab();
    const { crash, verdict } = await lab.run({
      limits: { auditLeast: 0, auditShare: 0, chanceBoots: 2, retryBoots: 0 },
    });
    expect([verdict, crash?.claim, crash?.audited]).toEqual(['passed', 'unaudited', 0]);
    expect(crash?.audits).toEqual({ asked: 0, all: false, reseeded: 0, ended: 'complete' });
    // Besides the deciding boots only the live cut.
    expect(crash?.boots).toBe((crash?.stages[0]?.boots ?? 0) + 1);
    const stored = JSON.parse(await readFile(join(lab.reports, 'latest/run.json'), 'utf8')) as RunRecord;
    expect(summaryText([stored])).toContain('audit: NONE: what was decided without a boot was not audited');
  });

  it('are all that there can be where these are fewer than asked for, and say so', async () => {
    const lab = await slotLab();
    const record = await lab.run({ limits: { auditLeast: 100_000, retryBoots: 0 } });
    expect(record).toMatchObject({
      verdict: 'passed',
      crash: { claim: 'exhaustive', audits: { all: true } },
    });
    expect(record.crash?.audited).toBe(record.crash?.audits?.asked);
    expect(summaryText([record])).toMatch(
      /audit: \d+ states booted after all, there are no more, 0 mismatches/,
    );
  });

  it('are not the boots after which the upgrade was done again', async () => {
    const lab = await slotLab();
    await lab.scenario({ powerCuts: { during: ['install'] } });
    const { crash } = await lab.run({ limits: { auditLeast: 1, retryBoots: 8 } });
    expect(crash?.stages.find(({ name }) => name === 'retry')?.boots).toBeGreaterThan(3);
    expect([crash?.audited, crash?.audits?.asked]).toEqual([3, 3]);
  });

  it('that the budget leaves no time for make the run unknown', async () => {
    const record = await (await slotLab()).run({ limits: { retryBoots: 0 } });
    expect(runVerdict(record)).toBe('passed');
    const { crash } = record;
    if (crash?.audits === undefined) throw new Error('nothing was audited');
    const audits = { ...crash.audits, asked: crash.audited + 3, ended: 'budget' } as const;
    const short = { ...record, crash: { ...crash, audits } };
    expect(runVerdict(short)).toBe('unknown');
    expect(summaryText([short])).toMatch(
      /audit: \d+ of \d+ states booted after all, 0 mismatches, UNKNOWN: the budget was used up before/,
    );
  });
});

describe('an audit that does not agree with what canonical forms decided', () => {
  /** A device with the flash of a UEFI, which answers in another way each time until it is explored sector by sector. */
  async function flashLab(): Promise<Lab> {
    let drawn = 0;
    const isExploredAgain = () =>
      lab.events.some((event) => JSON.stringify(event).includes('sector by sector'));
    const lab = await slotLab({
      before: (command) => {
        if (!command.includes('draw lots')) return undefined;
        drawn += 1;
        return prints(isExploredAgain() ? 'the same\n' : `${drawn}\n`);
      },
    });
    const vars = await keepFile(join(lab.folder, 'image'), 'vars.img', emptyStore('authenticated'));
    lab.manifest.disks.push({ id: 'vars', attach: 'pflash', cache: 'writethrough' });
    for (const { factory } of Object.values(lab.manifest.releases))
      if (factory !== undefined) factory['vars'] = vars;
    await lab.scenario(lotsScenario);
    return lab;
  }

  it('has its path explored again without them, and only that decides states', async () => {
    const lab = await flashLab();
    const record = await lab.run({ jobs: 1, limits: { retryBoots: 0 } });
    expect(record.problem).toBeUndefined();
    expect(record).toMatchObject({
      verdict: 'passed',
      crash: { claim: 'exhaustive', undecided: 0, mismatches: 0, rawAgain: ['p1'] },
    });
    const decided = (record.crash?.cuts ?? []).reduce((sum, { decides = 0 }) => sum + decides, 0);
    expect(decided).toBe(Object.values(record.crash?.states ?? {}).reduce((sum, count) => sum + count, 0));
    expect(summaryText([record])).toContain('explored again, sector by sector');
  });

  it('ends the run where nothing was to be compared by them', async () => {
    const lab = await flashLab();
    const record = await lab.run({ jobs: 1, limits: { retryBoots: 0, canonical: false } });
    expect([record.verdict, codesOf(record)]).toEqual(['error', ['audit-mismatch']]);
    expect(record.crash).not.toHaveProperty('rawAgain');
  });
});

describe('boots that contradict each other', () => {
  /** A device that is asked for something that its disks do not hold; `draw` has the number of the question. */
  async function lotsLab(draw: (number: number) => ReturnType<typeof prints>): Promise<Lab> {
    let draws = 0;
    const lab = await slotLab({
      before: (command) => {
        if (!command.includes('draw lots')) return undefined;
        draws += 1;
        return draw(draws);
      },
    });
    await lab.scenario(lotsScenario);
    return lab;
  }

  it('where one state comes to both ends, are the failure of a device that hangs on chance', async () => {
    // Works three times in four, whatever its random numbers are.
    const lab = await lotsLab((number) => (number % 4 === 0 ? fails(1, 'half done') : prints('whole\n')));
    const record = await lab.run({ jobs: 1 });
    expect([record.verdict, codesOf(record).sort()]).toEqual([
      'failed',
      ['check-failed', 'not-deterministic'],
    ]);
    expect(record.findings.map(({ check }) => check).sort()).toEqual(['deterministic', 'lots']);
    expect(record.findings.every(({ token }) => token !== '')).toBe(true);
    const found = record.findings.find(({ check }) => check === 'deterministic');
    expect(found?.message).toMatch(
      /^not deterministic: the same crash state, booted \d+ times with nothing changed, comes up as ".*" \d+ times, as ".*" \d+ times: /,
    );
    // Nothing holds that was decided without a boot.
    expect(record.crash).toMatchObject({ claim: 'heuristic', mismatches: 0, undecided: 0 });
  });

  it('of a device that hangs on chance, as is known, leave the run undecided', async () => {
    const lab = await lotsLab((number) => (number % 4 === 0 ? fails(1, 'half done') : prints('whole\n')));
    const record = await lab.run({ jobs: 1 });
    const cuts = (record.crash?.cuts ?? []).map((cut) => ({ ...cut, verdict: 'passed' as const }));
    expect(runVerdict({ ...record, crash: { ...record.crash!, cuts } })).toBe('unknown');
  });

  it('end the run as an error otherwise, and those of them that failed are findings all the same', async () => {
    const lab = await lotsLab((number) => (number > 5 ? fails(1, 'half done') : prints('whole\n')));
    const record = await lab.run({ jobs: 1 });
    expect([record.verdict, record.problem?.code]).toEqual(['error', 'audit-mismatch']);
    expect(record.findings.map(({ check }) => check)).toContain('lots');
    expect(record.findings.every(({ token }) => token !== '')).toBe(true);
  });
});

describe('other random numbers', () => {
  it('that a device does not mind are part of the audits', async () => {
    const lab = await luckLab(() => 'heads');
    const record = await lab.run({ jobs: 1, limits: { chanceBoots: 2 } });
    expect(record).toMatchObject({ verdict: 'passed', crash: { audits: { reseeded: 2 } } });
    expect(summaryText([record])).toContain(
      ', 2 once more with other random numbers and timing, 0 mismatches',
    );
  });

  it('come with another timing of the disks, which no other boot has', async () => {
    const reads = vi.spyOn(LateDisk.prototype, 'read');
    try {
      const lab = await luckLab(() => 'heads');
      await lab.run({ jobs: 1, limits: { chanceBoots: 0 } });
      expect(reads).not.toHaveBeenCalled();
      await lab.run({ jobs: 1, limits: { chanceBoots: 2 } });
      expect(reads).toHaveBeenCalled();
    } finally {
      reads.mockRestore();
    }
  });

  it('with which a device comes up otherwise, each time, are its failure: not deterministic', async () => {
    const lab = await luckLab((seed) => (seed === 0 ? 'heads' : 'tails'));
    const record = await lab.run({ jobs: 1, limits: { chanceBoots: 1 } });
    expect(record.problem).toBeUndefined();
    expect([record.verdict, codesOf(record)]).toEqual(['failed', ['not-deterministic']]);
    const [finding] = record.findings;
    expect(finding?.step).toEqual({ moment: 'after-cut', check: 'deterministic' });
    expect(finding?.message).toMatch(
      /^not deterministic: .*heads.* with the usual random numbers .*tails.* with others/,
    );
    expect(finding?.token).toContain(`:${finding?.cut}`);
    const seed = Number(/ --random-seed (\d+) shows the other$/.exec(finding?.message ?? '')?.[1]);
    const usual = await lab.replay(finding?.token ?? '');
    const other = await lab.replay(finding?.token ?? '', { randomSeed: seed });
    expect([usual.cut?.outcome, other.cut?.outcome]).toEqual([
      expect.stringContaining('heads'),
      expect.stringContaining('tails'),
    ]);
  });
});
