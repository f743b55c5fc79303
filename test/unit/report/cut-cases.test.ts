import { describe, expect, it } from 'vitest';
import type { CrashRecord, StateGroup } from '../../../src/model/record.ts';
import { junitXml } from '../../../src/report/junit.ts';
import { testCases } from '../../../src/report/test-cases.ts';
import { slotLab } from '../../support/simulated/lab.ts';
import { crash, cut, failure, record, step } from './records.ts';

const checks = [step('boots'), step('configuration')];
const lost = failure('configuration-lost', '/etc/hostname is gone');

function group(more: Partial<StateGroup>): StateGroup {
  return {
    ...{ stage: 'whole', upgrade: '1.0->1.1', during: 'install', kind: 'prefix' },
    ...{ states: 0, skipped: 0, undecided: 0, by: [] },
    ...more,
  };
}

/** Verdicts by name, of a record with these groups. */
function verdicts(groups: StateGroup[], more: Partial<CrashRecord>): Record<string, string> {
  const cases = testCases(record({ paths: [], crash: { ...crash([]), groups, ...more } }));
  return Object.fromEntries(cases.map(({ name, verdict }) => [name, verdict]));
}

describe('the cases of cuts', () => {
  it('stand for all states of a phase and kind, whichever boot has decided them', () => {
    const cuts = [
      cut('a', { stage: 'whole', decides: 90, checks }),
      cut('b', {
        ...{ stage: 'whole', decides: 9, kind: 'torn', verdict: 'failed' },
        checks: [step('boots'), step('configuration', lost)],
      }),
    ];
    const groups = [
      group({ states: 50, by: [{ cut: 'a', states: 50 }] }),
      group({
        kind: 'torn',
        states: 49,
        by: [
          { cut: 'a', states: 40 },
          { cut: 'b', states: 9 },
        ],
      }),
      group({ kind: 'subset' }),
    ];
    expect(verdicts(groups, { cuts })).toEqual({
      'install 1.0->1.1, prefix: boots': 'passed',
      'install 1.0->1.1, prefix: configuration': 'passed',
      'install 1.0->1.1, torn: boots': 'passed',
      'install 1.0->1.1, torn: configuration': 'failed',
      'install 1.0->1.1, subset: boots': 'skipped',
      'install 1.0->1.1, subset: configuration': 'skipped',
    });
    const text = junitXml([record({ paths: [], crash: { ...crash(cuts), groups } })]);
    expect(text).toContain('b, 9 states: old in A');
    expect(text).toContain('<skipped message="the recording holds no such state"/>');
  });

  it('are known, and no error of a run that is none, where a known failure kept devices from a check', () => {
    const known = { status: 'known', until: '2027-03-01', tracker: 'BUG-1', why: 'not flushed' } as const;
    const boots = [step('boots', { ...failure('no-boot', 'panic'), verdict: 'known', known })];
    const cuts = [
      cut('a', { stage: 'whole', decides: 9, checks }),
      cut('b', { stage: 'whole', decides: 9, kind: 'torn', verdict: 'known', checks: boots }),
      cut('c', {
        stage: 'whole',
        kind: 'torn',
        verdict: 'failed',
        checks: [step('boots', failure('x', 'y'))],
      }),
    ];
    const groups = [
      group({ states: 9, by: [{ cut: 'a', states: 9 }] }),
      group({ kind: 'torn', states: 9, by: [{ cut: 'b', states: 9 }] }),
    ];
    const of = [record({ paths: [], crash: { ...crash(cuts.slice(0, 2)), groups } })];
    const torn = 'install 1.0->1.1, torn';
    expect(verdicts(groups, { cuts })).toMatchObject({
      [`${torn}: boots`]: 'known',
      [`${torn}: configuration`]: 'known',
    });
    expect(junitXml(of)).toContain('errors="0" skipped="2"');
    expect(junitXml(of)).toContain(
      '<skipped message="known until 2027-03-01 (BUG-1): not flushed: no device came as far as this check"/>',
    );
    const both = [
      { cut: 'b', states: 9 },
      { cut: 'c', states: 1 },
    ];
    expect(
      verdicts([...groups.slice(0, 1), group({ kind: 'torn', states: 10, by: both })], { cuts }),
    ).toMatchObject({
      [`${torn}: configuration`]: 'unknown',
    });
  });

  it('do not pass where states are left open, or no device came as far', () => {
    const cuts = [
      cut('a', { stage: 'whole', decides: 9, checks }),
      cut('b', {
        ...{ stage: 'whole', decides: 9, verdict: 'failed', outcome: 'boots: kernel-panic' },
        checks: [step('boots', failure('kernel-panic', 'panic'))],
      }),
    ];
    const by = [{ cut: 'a', states: 9 }];
    const groups = [
      group({ states: 10, undecided: 1, by }),
      group({ kind: 'lost', states: 10, skipped: 1, by }),
      group({ kind: 'torn', states: 9, by: [{ cut: 'b', states: 9 }] }),
    ];
    expect(verdicts(groups, { cuts })).toEqual({
      'install 1.0->1.1, prefix: boots': 'unknown',
      'install 1.0->1.1, prefix: configuration': 'unknown',
      'install 1.0->1.1, lost: boots': 'unknown',
      'install 1.0->1.1, lost: configuration': 'unknown',
      'install 1.0->1.1, torn: boots': 'failed',
      'install 1.0->1.1, torn: configuration': 'unknown',
    });
  });

  it('of later questions are one for each upgrade and check; what a bound left out is skipped, what a budget did unknown', () => {
    const cuts = [
      cut('a', {
        ...{ stage: 'retry', decides: 5 },
        checks: [step('boots'), { ...step('retry'), id: { moment: 'retry', check: 'retry' } }],
      }),
    ];
    const groups = [
      group({ stage: 'retry', states: 9, undecided: 4, by: [{ cut: 'a', states: 5 }] }),
      group({ stage: 'retry', upgrade: '1.1->2.0', states: 9, undecided: 9 }),
    ];
    const stage = { name: 'retry', states: 18, decided: 5, skipped: 0, boots: 1, claim: 'sampled' } as const;
    expect(verdicts(groups, { cuts, stages: [{ ...stage, ended: 'bound' }] })).toEqual({
      '1.0->1.1 done again: retry': 'passed',
      '1.1->2.0 done again: retry': 'skipped',
    });
    expect(verdicts(groups, { cuts, stages: [{ ...stage, ended: 'budget' }] })).toEqual({
      '1.0->1.1 done again: retry': 'unknown',
      '1.1->2.0 done again: retry': 'unknown',
    });
  });

  it('have the same names for two recordings of one scenario that differ, and for none of them twice', async () => {
    const names = async (pauseMs: number, seed: string) => {
      const lab = await slotLab({ pauseMs, ...(seed === '2' ? { onStart: startsBusily } : {}) });
      const run = await lab.run({ seed, limits: { secondCutBoots: 4 } });
      expect(run.verdict).toBe('passed');
      const ids = run.crash?.cuts.map(({ id }) => id) ?? [];
      return { ids, names: testCases(run).map(({ classname, name }) => `${classname} ${name}`) };
    };
    const [one, other] = [await names(0, '1'), await names(1, '2')];
    expect(one.ids).not.toEqual(other.ids);
    expect(one.names).toEqual(other.names);
    expect(new Set(one.names).size).toBe(one.names.length);
    expect(one.names.filter((name) => /\d\.none|\d+\.head|cut p1/.test(name))).toEqual([]);
  });
});

/** One write more at each start than other devices make. */
const startsBusily: NonNullable<Parameters<typeof slotLab>[0]>['onStart'] = async ({ disks }) => {
  const data = disks.get('data');
  if (data === undefined) return;
  await data.write(data.bytes - 512, Buffer.alloc(512, 1), false);
  await data.flush();
};
