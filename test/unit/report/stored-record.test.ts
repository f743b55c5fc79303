import { describe, expect, it } from 'vitest';
import { missingParts, readRecord } from '../../../src/report/stored-record.ts';
import { crash, cut, motley, motleyFiles, record, step } from './records.ts';

describe('run.json', () => {
  it('is read as it was written', () => {
    const motleyRecord = motley();
    for (const of of [record(), motleyRecord]) expect(readRecord(JSON.stringify(of))).toEqual(of);
    const files = record({
      paths: [{ releases: ['1.0', '1.1'], steps: [], configuration: [motleyFiles()] }],
    });
    expect(readRecord(JSON.stringify(files))).toEqual(files);
  });

  it('is read also of an older program: steps get their ids, what there was not yet is empty', () => {
    const without = (of: object, ...keys: string[]) =>
      Object.fromEntries(Object.entries(of).filter(([key]) => !keys.includes(key)));
    const oldStep = without(step('1.0->1.1 install'), 'id');
    const oldCrash = without(crash([cut('p1.4')]), 'stages', 'outcomes', 'snapshots');
    const rest = without(record(), 'network');
    const old = { ...rest, paths: [{ releases: ['1.0', '1.1'], steps: [oldStep] }], crash: oldCrash };
    const read = readRecord(JSON.stringify(old));
    expect(read.paths[0]?.steps[0]?.id).toEqual({ moment: 'upgrade', upgrade: '1.0->1.1', check: 'install' });
    expect(read).toMatchObject({ network: 'open', crash: { stages: [], outcomes: [] } });
  });

  it('says what an older program did not write', () => {
    const stage = {
      name: 'whole',
      states: 1,
      decided: 1,
      skipped: 0,
      boots: 1,
      claim: 'exhaustive',
      ended: 'complete',
    } as const;
    expect(missingParts(record({ crash: { ...crash([cut('p1.4')]), stages: [stage] } }))).toHaveLength(2);
    expect(missingParts(record())).toEqual([]);
  });

  it.each([
    ['{"format":2}', /^format: /],
    [JSON.stringify({ ...record(), verdict: 'fine' }), /^verdict: .*found "fine"/],
    [
      JSON.stringify(
        record({ paths: [{ releases: [], steps: [step('boot', { console: '../../etc/passwd' })] }] }),
      ),
      /^paths\[0\]\.steps\[0\]\.console: expected a path below/,
    ],
    [
      JSON.stringify(record({ paths: [{ releases: [], steps: [step('boot', { console: '//host/x' })] }] })),
      /console: expected a path below/,
    ],
    ['[', /not JSON/],
  ])('is refused with the field that is damaged: %.30s', (text, message) => {
    expect(() => readRecord(text)).toThrow(message);
  });
});
