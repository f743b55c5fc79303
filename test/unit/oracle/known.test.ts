import { describe, expect, it } from 'vitest';
import { machineNames } from '../../../src/model/machine.ts';
import type { CutRecord, Finding } from '../../../src/model/record.ts';
import { type KnownFinding, knownPhases, stateKinds } from '../../../src/model/scenario.ts';
import { knownCheck, knownOn, markKnown } from '../../../src/oracle/known.ts';
import { crash, cut, failure, idOf, step } from '../report/records.ts';

const entry = (cause: Partial<KnownFinding['cause']> = {}, until = '2027-03-01'): KnownFinding => ({
  cause: { check: 'release', phases: ['install'], ...cause },
  until,
  tracker: 'BUG-1',
  why: 'not flushed',
});

const failing = (id: string, more: Partial<CutRecord> = {}): CutRecord =>
  cut(id, {
    verdict: 'failed',
    outcome: 'part of a release',
    stage: 'whole',
    decides: 4,
    checks: [step('boots'), step('release', failure('release-mixed', 'half'))],
    ...more,
  });

const finding = (id: string, more: Partial<Finding> = {}): Finding => ({
  check: 'release',
  step: idOf('release'),
  message: 'half',
  cut: id,
  token: 't',
  during: 'install 1.0->1.1, after write 4',
  states: 4,
  minimal: [],
  files: ['slot-b: /usr/bin/app (inode 12, bytes 0-4095)', 'data: directory /srv (inode 3)'],
  ...more,
});

function marked(
  { cuts, findings = [finding(cuts[0]?.id ?? '')] }: { cuts: CutRecord[]; findings?: Finding[] },
  known: KnownFinding[],
  today = '2027-03-01',
) {
  const out = markKnown({ paths: [], crash: crash(cuts), findings }, known, today);
  return {
    findings: out.findings.map((one) => one.known?.status),
    cuts: out.crash?.cuts.map(({ verdict }) => verdict),
    list: out.known.map(({ status }) => status),
  };
}

describe('markKnown', () => {
  it('counts on the last day, and no longer on the next', () => {
    const cuts = [failing('p1.4')];
    expect(marked({ cuts }, [entry()])).toEqual({ findings: ['known'], cuts: ['known'], list: ['known'] });
    expect(marked({ cuts }, [entry()], '2027-03-02')).toEqual({
      findings: ['expired'],
      cuts: ['failed'],
      list: ['expired'],
    });
    const renewed = [entry(), entry({}, '2028-01-01')];
    expect(marked({ cuts }, renewed, '2027-03-02')).toMatchObject({ findings: ['known'], cuts: ['known'] });
  });

  it.each<[string, Partial<KnownFinding['cause']>, boolean]>([
    ['a file of the blamed writes', { files: ['/usr/bin/app'] }, true],
    ['a pattern of one', { files: ['/usr/**'] }, true],
    ['a folder of them', { files: ['/srv'] }, true],
    ['the beginning of a path', { files: ['/usr/bin/ap'] }, false],
    ['its kind', { kinds: ['lost', 'torn'] }, true],
    ['another kind', { kinds: ['torn'] }, false],
    ['another phase', { phases: ['confirm', 'no-cut'] }, false],
    ['several phases', { phases: ['confirm', 'install'] }, true],
  ])('goes by %s', (_, cause, isKnown) => {
    expect(marked({ cuts: [failing('p1.4')] }, [entry(cause)]).findings).toEqual([
      isKnown ? 'known' : undefined,
    ]);
  });

  it.each(knownPhases.filter((phase) => phase !== 'no-cut'))('goes by the phase %s', (phase) => {
    const cuts = [failing('p1.4', { during: phase })];
    const others = knownPhases.filter((one) => one !== phase);
    expect(marked({ cuts }, [entry({ phases: [phase] })]).findings).toEqual(['known']);
    expect(marked({ cuts }, [entry({ phases: others })]).findings).toEqual([undefined]);
  });

  it.each(stateKinds)('goes by the kind %s', (kind) => {
    const cuts = [failing('p1.4', { kind })];
    const others = stateKinds.filter((one) => one !== kind);
    expect(marked({ cuts }, [entry({ kinds: [kind] })]).findings).toEqual(['known']);
    expect(marked({ cuts }, [entry({ kinds: others })]).findings).toEqual([undefined]);
  });

  it.each(machineNames)('is about %s alone where it says so', (machine) => {
    const one = { ...entry(), machines: [machine] };
    expect(machineNames.filter((name) => knownOn([one], name).length > 0)).toEqual([machine]);
    expect(knownOn([entry()], machine)).toHaveLength(1);
  });

  it('takes a way to fail for known only where each of its boots is, live cuts among them', () => {
    const live = failing('live1', { kind: 'live', stage: undefined as never });
    const torn = failing('p1.9', { kind: 'torn' });
    expect(marked({ cuts: [failing('p1.4'), live] }, [entry({ kinds: ['lost'] })]).cuts).toEqual([
      'known',
      'known',
    ]);
    expect(marked({ cuts: [failing('p1.4'), torn] }, [entry({ kinds: ['lost'] })]).cuts).toEqual([
      'failed',
      'failed',
    ]);
    const other = failing('live1', { kind: 'live', outcome: 'did not boot' });
    expect(marked({ cuts: [failing('p1.4'), other] }, [entry()]).cuts).toEqual(['known', 'failed']);
  });

  it('takes drawn cuts that failed alike for known together, and only where each is', () => {
    const drawn = (id: string, kind: CutRecord['kind']) => failing(id, { kind, stage: undefined as never });
    const cuts = [drawn('p1.4', 'lost'), drawn('p1.9', 'torn')];
    expect(marked({ cuts }, [entry()])).toEqual({
      findings: ['known'],
      cuts: ['known', 'known'],
      list: ['known'],
    });
    expect(marked({ cuts }, [entry({ kinds: ['lost'] })]).cuts).toEqual(['failed', 'failed']);
  });

  it('takes it for known only where each check that failed is', () => {
    const both = failing('p1.4', {
      checks: [step('release', failure('release-mixed', 'half')), step('kernel', failure('oops', 'oops'))],
    });
    expect(marked({ cuts: [both] }, [entry()]).findings).toEqual([undefined]);
    expect(marked({ cuts: [both] }, [entry(), entry({ check: 'kernel' })]).findings).toEqual(['known']);
    expect(marked({ cuts: [both] }, [entry(), entry({ check: 'kernel' }, '2020-01-01')])).toEqual({
      findings: ['expired'],
      cuts: ['failed'],
      list: ['known', 'expired'],
    });
  });

  it('tells all cuts together, and what fails without one, from the rest', () => {
    const many = finding('p1.7', { check: 'outcomes', files: [] });
    delete many.step;
    const whole = cut('p1.7');
    expect(marked({ cuts: [whole], findings: [many] }, [entry({ check: 'outcomes' })]).findings).toEqual([
      'known',
    ]);
    const install = step('1.0->1.1 install', failure('agent-failed', 'no'));
    const paths = [{ releases: ['1.0', '1.1'], steps: [install] }];
    const uncut = finding('', { check: install.name, step: install.id, during: '1.0->1.1' });
    const out = markKnown(
      { paths, findings: [uncut] },
      [entry({ check: 'install', phases: ['no-cut'] })],
      '2027-01-01',
    );
    expect(out.paths[0]?.steps[0]).toMatchObject({ verdict: 'known', known: { tracker: 'BUG-1' } });
    const cutOnly = markKnown({ paths, findings: [uncut] }, [entry({ check: 'install' })], '2027-01-01');
    expect(cutOnly.paths[0]?.steps[0]?.verdict).toBe('failed');
  });

  it('calls an entry gone only where all that could show it was decided', () => {
    const stage = {
      name: 'whole',
      states: 9,
      decided: 9,
      skipped: 0,
      boots: 2,
      claim: 'exhaustive',
      ended: 'complete',
    } as const;
    const group = {
      stage: 'whole',
      upgrade: '1.0->1.1',
      during: 'install',
      kind: 'lost',
      states: 9,
      skipped: 0,
      undecided: 0,
      by: [],
    } as const;
    const explored = { ...crash([]), stages: [stage], groups: [{ ...group, by: [] }] };
    const statusOf = (cause: Partial<KnownFinding['cause']>, more: object = {}) =>
      markKnown({ paths: [], crash: { ...explored, ...more }, findings: [] }, [entry(cause)], '2027-01-01')
        .known[0]?.status;
    expect(statusOf({})).toBe('gone');
    expect(statusOf({ kinds: ['torn'] })).toBe('not seen');
    expect(statusOf({ phases: ['confirm'] })).toBe('not seen');
    expect(statusOf({ check: 'retry: release' })).toBe('not seen');
    expect(statusOf({}, { undecided: 1 })).toBe('not seen');
    expect(statusOf({}, { skipped: 1 })).toBe('not seen');
    expect(statusOf({}, { stages: [{ ...stage, claim: 'sampled' }] })).toBe('not seen');
    expect(statusOf({}, { stages: [{ ...stage, ended: 'interrupted' }] })).toBe('not seen');
    const uncut = entry({ phases: ['no-cut'] });
    expect(markKnown({ paths: [], findings: [] }, [uncut], '2027-01-01').known[0]?.status).toBe('gone');
    const problem = { kind: 'harness', code: 'x', message: 'x' } as const;
    expect(markKnown({ paths: [], findings: [], problem }, [uncut], '2027-01-01').known[0]?.status).toBe(
      'not seen',
    );
  });
});

describe('knownCheck', () => {
  it.each([
    ['configuration', 'configuration'],
    ['1.0->1.1 install', 'install'],
    ['1.0->1.1 before reboot: look', 'before reboot: look'],
    ['retry: release', 'retry: release'],
  ])('%s is %s', (text, name) => {
    expect(knownCheck(idOf(text))).toBe(name);
  });
});
