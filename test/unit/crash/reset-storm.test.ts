import { basename } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { summaryText } from '../../../src/report/summary.ts';
import { slotLab } from '../../support/simulated/lab.ts';

/** Runs with a budget that is at its end when a device is made for this storm; which storms were begun, and what came of it. */
async function budgetEndsAt(storm: string) {
  const over = new AbortController();
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => over.signal);
  onTestFinished(() => void vi.restoreAllMocks());
  const lab = await slotLab({ countsUnconfirmedOnly: true });
  const storms: string[] = [];
  const { createTarget } = lab;
  lab.createTarget = (options) => {
    const [, name] = /\.(storm-.*)\.1\.log$/.exec(basename(options.consoleLog(1))) ?? [];
    if (name !== undefined) storms.push(name);
    if (name === storm) over.abort();
    return createTarget(options);
  };
  await lab.scenario({
    powerCuts: { during: ['confirm'], 'reset-storm': 3 },
    expect: { retry: 'unchecked' },
  });
  const record = await lab.run({ limits: { budgetMs: 600_000 } });
  return { storms, record, stage: record.crash?.stages.find(({ name }) => name === 'reset-storm') };
}

it('begins no storm once the budget has ended, and the run is unknown', async () => {
  const { storms, record, stage } = await budgetEndsAt('storm-kernel');
  expect(storms).toEqual(['storm-kernel']);
  expect(stage).toMatchObject({ states: 2, decided: 1, ended: 'budget' });
  expect(record.verdict).toBe('unknown');
  expect(summaryText([record])).toContain('UNKNOWN: reset storm: the budget was used up before');
});

it('is whole where the last storm was begun before', async () => {
  const { storms, record, stage } = await budgetEndsAt('storm-boot-loader');
  expect(storms).toEqual(['storm-kernel', 'storm-boot-loader']);
  expect([record.verdict, stage?.ended]).toEqual(['passed', 'complete']);
});
