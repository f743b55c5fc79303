import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { pathName, planCuts } from '../../../src/crash/power-cuts.ts';
import type { Trace } from '../../../src/recording/trace.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { idleMark, windowMark } from '../../../src/writelog/windows.ts';

function trace(writes: number): Omit<Trace, 'name'> {
  const log = new WriteLog([{ id: 'main', sectors: 1000, cache: 'writeback' }]);
  log.mark(windowMark(0, 'install'));
  for (let i = 0; i < writes; i += 1) log.complete(log.issue(0, 'write', i, 1, false, i));
  log.mark(idleMark);
  return { releases: ['1.0', '1.1'], log, arenaPath: '', sha256: '', configuration: [], odd: undefined };
}

const plan = (traces: Omit<Trace, 'name'>[], count: number) => {
  const named = traces.map((one, i) => ({ ...one, name: pathName(i) }));
  return planCuts(named, { count, phases: ['install'], kinds: ['prefix'], random: new Random('1') }).map(
    ({ trace: { name }, state }) => `${name}.${stateId(state)}`,
  );
};
const from = (ids: string[], path: string) => ids.filter((id) => id.startsWith(`${path}.`)).length;

describe('planCuts', () => {
  it('takes turns among the paths', () => {
    const ids = plan([trace(50), trace(50)], 7);
    expect([from(ids, 'p1'), from(ids, 'p2')]).toEqual([4, 3]);
  });

  it('makes up for a path with few states, whichever it is', () => {
    expect(from(plan([trace(2), trace(50)], 10), 'p2')).toBe(8);
    expect(from(plan([trace(50), trace(2)], 10), 'p1')).toBe(8);
  });

  it('is the same for the same seed, and a larger count adds to it', () => {
    const recordings = [trace(50), trace(30)];
    const ids = plan(recordings, 20);
    expect(plan(recordings, 20)).toEqual(ids);
    expect(plan(recordings, 30).slice(0, 20)).toEqual(ids);
    expect(new Set(ids).size).toBe(20);
  });

  it('is empty where the logs hold nothing', () => {
    expect(plan([trace(0)], 5)).toEqual([]);
  });
});
