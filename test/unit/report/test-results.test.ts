import { describe, expect, it } from 'vitest';
import { z } from 'zod';
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

function read(...records: Parameters<typeof testResults>[0]) {
  return resulttool.parse(JSON.parse(testResults(records)));
}

describe('testresults.json', () => {
  it('is what resulttool reads, one result a case of JUnit, also of hostile text', () => {
    for (const one of [record(), motley(), record({ verdict: 'unknown', paths: [] })]) {
      const [own] = Object.values(read(one));
      expect(Object.keys(own?.result ?? {})).toHaveLength(testCases(one).length);
    }
    expect(testResults([motley()])).not.toContain('\\u0000');
  });

  it('names a result as testimage does, with its scenario, and tells runs apart', () => {
    const other = record({
      scenarioFile: 'x/fallback.yaml',
      machine: 'qemux86-64',
      inputs: { ...record().inputs, image: '../my image/' },
    });
    expect(Object.keys(read(record(), other))).toEqual([
      'runtime_rauc-ab_qemuarm64_ab-upgrade_20261121034500',
      'runtime_my-image_qemux86-64_fallback_20261121034500',
    ]);
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
    const seen = Object.entries(own?.result ?? {}).map(([name, { status }]) => [name.split(', ')[1], status]);
    expect(seen).toEqual([
      ['prefix: boots', 'SKIPPED'],
      ['torn: boots', 'ERROR'],
      ['lost: boots', 'FAILED'],
    ]);
    const logs = Object.values(own?.result ?? {}).map(({ log = '' }) => log);
    expect(logs[0]).toMatch(/^known until 2027-03-01 \(BUG-1\): not flushed\npanic\n/);
  });
});
