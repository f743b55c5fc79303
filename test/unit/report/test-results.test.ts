import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Finding, type Verdict, verdicts } from '../../../src/model/record.ts';
import { testCases } from '../../../src/report/test-cases.ts';
import { testResults } from '../../../src/report/test-results.ts';
import { crash, cut, failure, motley, record, step } from './records.ts';

/**
 * What resulttool takes for results: it asks each for `configuration` and `result`, takes five types of test, joins the texts
 * that its maps name to a path, adds up durations as numbers, and counts these states.
 */
const text = z.string().min(1);
const resulttool = z.record(
  text,
  z.strictObject({
    configuration: z.strictObject({
      TEST_TYPE: z.literal('runtime'),
      TESTSERIES: text,
      MACHINE: text,
      IMAGE_BASENAME: text,
      IMAGE_PKGTYPE: text,
      DISTRO: text,
      STARTTIME: z.string().regex(/^\d{14}$/),
      LAYERS: z.strictObject({}),
    }),
    result: z.record(
      z.string().regex(/^brownout\./),
      z.strictObject({
        status: z.enum(['PASSED', 'FAILED', 'ERROR', 'SKIPPED']),
        duration: z.number().min(0),
        log: text.optional(),
      }),
    ),
  }),
);

const run = 'brownout.ab-upgrade.qemuarm64.run';

function read(...records: Parameters<typeof testResults>[0]) {
  return resulttool.parse(JSON.parse(testResults(records)));
}

describe('testresults.json', () => {
  it('is what resulttool reads, one result a case of JUnit and one of the run, also of hostile text', () => {
    for (const one of [record(), motley(), record({ verdict: 'unknown', paths: [] })]) {
      const [own] = Object.values(read(one));
      const cases = new Set(testCases(one).map(({ classname, name }) => `brownout.${classname}.${name}`));
      expect(new Set(Object.keys(own?.result ?? {}))).toEqual(cases.add(run));
    }
    expect(testResults([motley()])).not.toContain('\\u0000');
  });

  it('has a log of whatever is no pass, without which resulttool junit ends with an exception', () => {
    const step1 = (verdict: Verdict) =>
      record({ verdict, paths: [{ releases: ['1.0'], steps: [step('boot 1.0', { verdict })] }] });
    const records = [motley(), record({ verdict: 'unknown', paths: [] }), ...verdicts.map(step1)];
    const results = records.flatMap((one) =>
      Object.values(read(one)).flatMap(({ result }) => Object.entries(result)),
    );
    expect(results.filter(([, { status, log }]) => status !== 'PASSED' && log === undefined)).toEqual([]);
  });

  it('names a result by image and run, and keeps those apart that began in one second', () => {
    const other = record({
      id: '20261121T034500Z-fallback-qemux86-64',
      scenarioFile: 'x/fallback.yaml',
      machine: 'qemux86-64',
      inputs: { ...record().inputs, image: '../my image/' },
    });
    const again = record({ id: `${record().id}-2` });
    const workers = [1, 2].map((index) => record({ shard: { index, count: 2 } }));
    expect(Object.keys(read(record(), other, again, ...workers))).toEqual([
      'runtime_rauc-ab_20261121T034500Z-ab-upgrade-qemuarm64',
      'runtime_my-image_20261121T034500Z-fallback-qemux86-64',
      'runtime_rauc-ab_20261121T034500Z-ab-upgrade-qemuarm64-2',
      'runtime_rauc-ab_20261121T034500Z-ab-upgrade-qemuarm64_part-1-of-2',
      'runtime_rauc-ab_20261121T034500Z-ab-upgrade-qemuarm64_part-2-of-2',
    ]);
  });

  it('differs from a passed run in the run itself, where the cases that failed are not in that one', () => {
    const failed = crash([
      cut('p1.3', { verdict: 'failed', checks: [step('boots', failure('no-boot', 'panic'))] }),
    ]);
    const finding = { ...(motley().findings[1] as Finding), check: 'no-boot', message: 'panic' };
    const [base, target] = [record(), record({ verdict: 'failed', crash: failed, findings: [finding] })].map(
      (one) => Object.values(read(one))[0]?.result ?? {},
    );
    const changed = Object.keys(base ?? {}).filter((name) => base?.[name]?.status !== target?.[name]?.status);
    expect(changed).toEqual([run]);
    expect(base?.[run]).toEqual({ status: 'PASSED', duration: 312.346 });
    expect(target?.[run]).toEqual({ status: 'FAILED', duration: 312.346, log: 'no-boot: panic' });
  });

  it('has the same series and case names in the next run, so that regression compares the two', () => {
    const later = record({ id: 'later', started: '2026-11-22T03:45:00.000Z', seconds: 1 });
    const [one, two] = [record(), later].map((run) => Object.values(read(run))[0]);
    const path = (of: typeof one) =>
      (['TESTSERIES', 'TEST_TYPE', 'IMAGE_BASENAME', 'MACHINE', 'IMAGE_PKGTYPE', 'DISTRO'] as const)
        .map((key) => of?.configuration[key])
        .join('/');
    expect(path(two)).toBe(path(one));
    expect(Object.keys(two?.result ?? {})).toEqual(Object.keys(one?.result ?? {}));
  });

  it('calls no pass what is known, and no failure what was not decided', () => {
    const known = { status: 'known', until: '2027-03-01', tracker: 'BUG-1', why: 'not flushed' } as const;
    const cuts = [
      cut('p1.1', {
        kind: 'prefix',
        verdict: 'known',
        checks: [step('boots', { ...failure('no-boot', 'panic'), verdict: 'known', known })],
      }),
      cut('p1.2', { kind: 'torn', verdict: 'unknown', checks: [step('boots', { verdict: 'unknown' })] }),
      cut('p1.3', { kind: 'lost', verdict: 'failed', checks: [step('boots', failure('no-boot', 'panic'))] }),
    ];
    const [own] = Object.values(read(record({ verdict: 'failed', paths: [], crash: crash(cuts) })));
    const seen = Object.entries(own?.result ?? {}).map(([name, { status }]) => [
      name.split(', ').at(-1),
      status,
    ]);
    expect(seen).toEqual([
      ['prefix: boots', 'SKIPPED'],
      ['torn: boots', 'ERROR'],
      ['lost: boots', 'FAILED'],
      [run, 'FAILED'],
    ]);
    const logs = Object.values(own?.result ?? {}).map(({ log = '' }) => log);
    expect(logs[0]).toMatch(/^known until 2027-03-01 \(BUG-1\): not flushed\npanic\n/);
  });
});
