import { describe, expect, it } from 'vitest';
import type { CriterionId, JudgedRun } from '../../../src/admission/admission.ts';
import { judge, verdictOfAll } from '../../../src/admission/criteria.ts';
import { expectedSteps } from '../../../src/admission/expected-evidence.ts';
import type { PackagePlan } from '../../../src/admission/plan.ts';
import type { CrashRecord, PathRecord, RunRecord, StepRecord } from '../../../src/model/record.ts';
import { stepText } from '../../../src/model/steps.ts';
import { crash, cut, failure, fate, record, step } from '../report/records.ts';
import { conffile, plan } from './builds.ts';

const edited = { moment: 'upgrade', upgrade: '1->2', check: 'configuration' } as const;

/** The paths of a run on which every expected step passed, but for those that are changed. */
function pathsOf(given: PackagePlan, change: (step: StepRecord) => StepRecord | undefined): PathRecord[] {
  return given.paths.map((releases) => {
    const ids = expectedSteps(given).flatMap((one) => (one.path === releases ? [one.step] : []));
    return {
      releases,
      steps: ids.flatMap((id) => change(step(stepText(id), { id, console: 'console/p1.1.log' })) ?? []),
      configuration: [{ id: edited, check: 'what people read', files: [fate(conffile)] }],
    };
  });
}

function verdictsOf(
  change: (step: StepRecord) => StepRecord | undefined = (one) => one,
  more: Partial<RunRecord> = {},
  given = plan(),
  powerCuts = 'none',
) {
  const ran = { folder: 'runs/x', record: record({ paths: pathsOf(given, change), ...more }) };
  const run: JudgedRun = { machine: 'qemuarm64', ran, powerCuts, scenarioFile: 'scenarios/tool.yaml' };
  const criteria = judge(given, run);
  const of = (id: CriterionId) => criteria.find((one) => one.id === id);
  return { of, verdicts: Object.fromEntries(criteria.map(({ id, verdict }) => [id, verdict])) };
}

const failing = (name: string) => (one: StepRecord) =>
  one.name === name ? { ...one, ...failure('it-broke', 'it broke') } : one;

const passed = {
  install: 'passed',
  upgrade: 'passed',
  configuration: 'passed',
  services: 'passed',
  reboot: 'passed',
  reinstall: 'passed',
  'power-cuts': 'not run',
};

describe('judge', () => {
  it('passes what every step of every path shows, and says by what', () => {
    const { of, verdicts } = verdictsOf();
    expect(verdicts).toEqual(passed);
    expect(of('upgrade')?.evidence[0]).toEqual({
      subject: '1->2',
      what: 'the upgrade ends',
      path: ['1', '2'],
      verdict: 'passed',
      seen: '1-r0 -> 2-r0',
      step: '1->2 install',
      console: 'runs/x/console/p1.1.log',
    });
    expect(of('configuration')?.evidence.find(({ subject }) => subject === '1->2')?.seen).toBe(
      `${conffile} (edited, default changed): preserved, SHA-256 1a2b3c4d5e6f`,
    );
    expect(of('upgrade')?.reproduce).toEqual([
      'brownout run scenarios/tool.yaml --machine qemuarm64 --power-cuts none',
    ]);
  });

  it.each([
    ['installed: install', 'install'],
    ['installed: release', 'install'],
    ['1->2 install', 'upgrade'],
    ['1->2 release', 'upgrade'],
    ['1->2 configuration', 'configuration'],
    ['reinstalled, rebooted: configuration', 'configuration'],
    ['installed: services', 'services'],
    ['1->2 before reboot: services', 'services'],
    ['1->2 failed units', 'services'],
    ['1->2 first boot', 'reboot'],
    ['removed: gone', 'reinstall'],
    ['reinstalled: release', 'reinstall'],
  ])('fails for "%s" the criterion %s and no other', (name, criterion) => {
    const { verdicts, of } = verdictsOf(failing(name));
    expect(verdicts).toEqual({ ...passed, [criterion]: 'failed' });
    expect(of(criterion as CriterionId)?.summary).toContain('FAILED');
  });

  it.each(expectedSteps(plan()).map(({ step: id, criterion }) => [stepText(id), criterion]))(
    'does not pass where "%s" was not reached',
    (name, criterion) => {
      const { verdicts } = verdictsOf((one) => (one.name === name ? undefined : one));
      expect(verdicts[criterion]).toBe('unknown');
    },
  );

  it('knows nothing where nothing was run', () => {
    const run = { machine: 'qemuarm64', ran: undefined, powerCuts: 'all', scenarioFile: 's' } as const;
    const verdicts = judge(plan(), run).map(({ verdict }) => verdict);
    expect(new Set(verdicts)).toEqual(new Set(['unknown']));
    const unplanned = judge(plan({ paths: [] }), { ...run, powerCuts: 'none' });
    expect(new Set(unplanned.map(({ verdict }) => verdict))).toEqual(new Set(['not run']));
  });

  it('says what does not apply, and what could not be run', () => {
    const given = plan({ edits: [], units: [], paths: [['2']] });
    expect(verdictsOf(undefined, {}, given).verdicts).toMatchObject({
      upgrade: 'not run',
      configuration: 'not applicable',
      services: 'not applicable',
      install: 'passed',
    });
  });
});

describe('the criterion of power cuts', () => {
  const whole: CrashRecord = { ...crash([cut('p1.4.none')]), claim: 'exhaustive' };
  const counts = { states: 9, decided: 0, skipped: 0, boots: 0, claim: 'sampled' } as const;
  const verdictOf = (more: Partial<RunRecord>) =>
    verdictsOf(undefined, more, plan(), 'all').verdicts['power-cuts'];

  it('passes what was decided to its end', () => {
    expect(verdictOf({ crash: whole })).toBe('passed');
  });

  it.each([
    ['the budget ended it', { ...whole, undecided: 3 }, 'unknown'],
    [
      'the budget ended before the upgrade was done again',
      { ...whole, stages: [{ ...counts, name: 'retry', ended: 'budget' }] },
      'unknown',
    ],
    ['states were skipped', { ...whole, skipped: 3 }, 'unknown'],
    ['nothing was booted', { ...whole, boots: 0 }, 'unknown'],
    ['a cut is unknown', { ...whole, cuts: [cut('p1.4.none', { verdict: 'unknown' })] }, 'unknown'],
    ['a cut failed', { ...whole, undecided: 3, cuts: [cut('p1.4.none', { verdict: 'failed' })] }, 'failed'],
    ['an audit did not agree', { ...whole, mismatches: 1 }, 'error'],
  ] satisfies [string, CrashRecord, string][])('does not pass where %s', (_, given, expected) => {
    expect(verdictOf({ crash: given })).toBe(expected);
  });

  it('does not pass where no upgrade could be cut', () => {
    expect(verdictOf({})).toBe('unknown');
  });

  it('names the replay of each finding, and leaves out what failed without a cut', () => {
    const finding = { check: 'release', message: 'm', cut: 'p1.4', token: 't', during: 'install' };
    const rest = { states: 1, minimal: [], files: [] };
    const { of } = verdictsOf(
      undefined,
      {
        crash: whole,
        findings: [
          { ...finding, ...rest, file: 'finding-1.brownout' },
          { ...finding, ...rest, cut: '' },
        ],
      },
      plan(),
      'all',
    );
    expect(of('power-cuts')?.findings).toHaveLength(1);
    expect(of('power-cuts')?.reproduce).toEqual([
      'brownout run scenarios/tool.yaml --machine qemuarm64 --power-cuts all --seed 7',
      'brownout replay runs/x/finding-1.brownout',
    ]);
  });
});

describe('verdictOfAll', () => {
  it('takes the worst of what was run, and nothing for a pass', () => {
    expect(verdictOfAll(['passed', 'not run', 'not applicable'])).toBe('passed');
    expect(verdictOfAll(['passed', 'unknown'])).toBe('unknown');
    expect(verdictOfAll(['not run'])).toBe('unknown');
  });
});
