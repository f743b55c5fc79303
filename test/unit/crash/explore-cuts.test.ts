import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RunEvent } from '../../../src/model/event.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';

/** How each stage ended, by its name. */
function ends({ crash }: RunRecord): Record<string, string> {
  return Object.fromEntries((crash?.stages ?? []).map(({ name, ended }) => [name, ended]));
}

/** Runs until so many cuts were told of, and then calls `act`. */
function runUntil(lab: Lab, cuts: number, act: () => void): Promise<RunRecord> {
  const controller = new AbortController();
  let told = 0;
  return lab.run({
    signal: controller.signal,
    events: ({ type }) => {
      if (type !== 'cut') return;
      told += 1;
      if (told !== cuts) return;
      act();
      controller.abort(new Error('interrupted'));
    },
  });
}

describe('the stages of an exploration', () => {
  it('have names and ends: what is bounded says so, and second cuts are one of them', async () => {
    const lab = await slotLab();
    const record = await lab.run({ limits: { secondCutBoots: 4 } });
    expect(ends(record)).toEqual({ whole: 'complete', retry: 'bound', 'second-cut': 'complete' });
    const second = record.crash?.cuts.filter(({ id }) => id.includes('/')) ?? [];
    expect(second).toHaveLength(4);
    expect(second.map(({ during }) => during)).toEqual(second.map(() => 'second-cut'));
    expect(record.crash?.stages.map(({ claim }) => claim)).toEqual(['exhaustive', 'sampled', 'sampled']);
    expect(summaryText([record])).toMatch(/second cut +\d+ of \d+ states +4 boots +sampled/);
  });

  it('say of an interrupted run that it was interrupted, and not that its budget was used up', async () => {
    const lab = await slotLab();
    const record = await runUntil(lab, 3, () => undefined);
    expect(record).toMatchObject({ verdict: 'error', problem: { message: 'interrupted' } });
    expect(ends(record)).toEqual({ whole: 'interrupted', retry: 'interrupted' });
    expect(record.crash?.undecided).toBeGreaterThan(0);
    expect(summaryText([record])).toContain(`${record.crash?.undecided} UNKNOWN: the run ended before`);
  });

  it('say of a run whose budget is used up that it was that', async () => {
    const lab = await slotLab();
    const record = await lab.run({ limits: { budgetMs: 1, secondCutBoots: 4 } });
    expect(record.problem).toBeUndefined();
    expect(record.verdict).toBe('unknown');
    expect(ends(record)).toEqual({ whole: 'budget', retry: 'budget', 'second-cut': 'budget' });
    expect(summaryText([record])).toContain(`${record.crash?.undecided} UNKNOWN: the budget was used up`);
  });

  it('have their budget for themselves where a live cut needs the one place for a device', async () => {
    const order: string[] = [];
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      order.push(`timer of ${ms}`);
      return timeout(ms);
    });
    onTestFinished(() => void vi.restoreAllMocks());
    const lab = await slotLab();
    const { createTarget } = lab;
    lab.createTarget = (options) => {
      order.push('device');
      return createTarget(options);
    };
    const events = (event: RunEvent) => event.type === 'phase' && order.push(event.phase);
    const record = await lab.run({ jobs: 1, events, limits: { budgetMs: 123_000 } });
    expect(record.verdict).toBe('passed');
    const before = order.slice(order.indexOf('power cuts'), order.indexOf('timer of 123000'));
    expect(before).toContain('device');
  });
});
