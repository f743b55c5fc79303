import { describe, expect, it } from 'vitest';
import type { CrashRecord, CutRecord, StepRecord, Verdict } from '../../../src/model/record.ts';
import { worst } from '../../../src/model/record.ts';
import { groupOutcomes } from '../../../src/oracle/outcomes.ts';
import { cutFindings, findingsOf, runVerdict } from '../../../src/oracle/verdict.ts';

const step = (verdict: Verdict, name = 'boots'): StepRecord => ({
  id: { moment: 'after-cut', check: name },
  name,
  verdict,
  seconds: 1,
  ...(verdict === 'failed'
    ? { problem: { kind: 'device' as const, code: 'boot-timeout', message: 'it did not come up' } }
    : {}),
});

const cut = (id: string, verdict: Verdict, outcome = 'old in A'): CutRecord => ({
  id,
  kind: 'prefix',
  path: ['1.0', '2.0'],
  upgrade: '1.0->2.0',
  during: 'install',
  description: 'after write 4 of 9',
  outcome,
  checks: [step(verdict)],
  verdict,
  seconds: 1,
});

const crash = (cuts: CutRecord[]): CrashRecord => {
  const none = { prefix: 0, lost: 0, torn: 0, subset: 0, sampled: 0 };
  return {
    states: none,
    skipped: 0,
    undecided: 0,
    blockTears: 0,
    stages: [],
    snapshots: { taken: 0, restored: 0 },
    decided: none,
    boots: cuts.length,
    audited: 0,
    mismatches: 0,
    claim: 'sampled',
    outcomes: [],
    cuts,
    recording: {
      sha256: '',
      writes: 0,
      flushes: 0,
      epochs: 0,
      reused: false,
      count: 1,
      disturbed: 0,
      paths: 1,
    },
  };
};

describe('worst', () => {
  it('never makes a pass of nothing or of unknown', () => {
    expect(worst([])).toBe('unknown');
    expect(worst(['passed', 'unknown'])).toBe('unknown');
    expect(worst(['passed', 'failed', 'unknown'])).toBe('failed');
    expect(worst(['failed', 'error'])).toBe('error');
  });
});

describe('runVerdict', () => {
  const paths = [{ releases: ['1.0', '2.0'], steps: [step('passed')] }];

  it('is that of the worst step or cut', () => {
    expect(runVerdict({ paths })).toBe('passed');
    expect(runVerdict({ paths, crash: crash([cut('1', 'passed'), cut('2', 'failed')]) })).toBe('failed');
  });

  it.each([
    ['complete', 'passed'],
    ['bound', 'passed'],
    ['budget', 'unknown'],
  ] as const)('of a run whose upgrades were done again until the end %s: %s', (ended, verdict) => {
    const counts = { states: 9, decided: 4, skipped: 0, boots: 2, claim: 'sampled' as const };
    const stages = [
      { name: 'whole' as const, ...counts, decided: 9, ended: 'complete' as const },
      { name: 'retry' as const, ...counts, ended },
    ];
    expect(runVerdict({ paths: [], crash: { ...crash([cut('p1.4.none', 'passed')]), stages } })).toBe(
      verdict,
    );
  });

  it('is an error when the harness broke, whatever passed before', () => {
    const problem = { kind: 'harness' as const, code: 'storage-failed', message: 'disk full' };
    expect(runVerdict({ paths, problem })).toBe('error');
    expect(runVerdict({ paths: [] })).toBe('unknown');
  });
});

describe('findingsOf', () => {
  it('names the check, the state and when it fell', () => {
    const [finding] = findingsOf({
      paths: [],
      crash: crash([cut('p1.88', 'failed'), cut('p1.90', 'passed')]),
    });
    expect(finding).toMatchObject({
      check: 'boots',
      step: step('failed').id,
      cut: 'p1.88',
      message: 'it did not come up',
    });
    expect(finding?.during).toContain('install 1.0->2.0');
  });
});

describe('cutFindings', () => {
  it('makes one finding of the cuts that failed alike, in one phase of one upgrade', () => {
    const confirming = { ...cut('4', 'failed'), during: 'confirm' as const };
    const other = { ...cut('5', 'failed'), checks: [step('failed', 'release')] };
    const cuts = [cut('1', 'passed'), cut('2', 'failed'), cut('3', 'failed'), confirming, other];
    expect(cutFindings(cuts).map((one) => [one.check, one.cut, one.states])).toEqual([
      ['boots', '2', 2],
      ['boots', '4', 1],
      ['release', '5', 1],
    ]);
  });

  it('goes by how the device came out, not by messages, which quote consoles', () => {
    const [check = step('failed')] = cut('2', 'failed').checks;
    const says = (message: string) => ({
      ...check,
      problem: { kind: 'device' as const, code: 'boot-timeout', message },
    });
    const cuts = [
      cut('1', 'failed'),
      { ...cut('2', 'failed'), checks: [says('[ 4.04] it did not come up')] },
    ];
    expect(cutFindings(cuts)).toHaveLength(1);
    expect(cutFindings([...cuts, cut('3', 'failed', 'boots: panic')])).toHaveLength(2);
  });
});

describe('groupOutcomes', () => {
  it('counts states per step and outcome', () => {
    expect(groupOutcomes([cut('1', 'passed'), cut('2', 'passed'), cut('3', 'passed', 'new in B')])).toEqual([
      { name: '1.0->2.0: old in A', states: 2, example: '1' },
      { name: '1.0->2.0: new in B', states: 1, example: '3' },
    ]);
  });
});
