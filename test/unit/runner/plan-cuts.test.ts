import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { planCuts } from '../../../src/runner/plan-cuts.ts';
import type { Recording } from '../../../src/runner/recordings.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { idleMark, windowMark } from '../../../src/writelog/windows.ts';

function recording(writes: number): Recording {
  const log = new WriteLog([{ id: 'main', sectors: 1000, cache: 'writeback' }]);
  log.mark(windowMark(0, 'install'));
  for (let i = 0; i < writes; i += 1) log.complete(log.issue(0, 'write', i, 1, false, i));
  log.mark(idleMark);
  const path = { releases: ['1.0', '1.1'], steps: [] };
  return { path, log, arenaPath: '', configuration: [], sha256: '', reused: false };
}

const plan = (recordings: Recording[], count: number) =>
  planCuts(recordings, { count, phases: ['install'], kinds: ['prefix'], random: new Random('1') }).map(
    ({ pathName, state }) => `${pathName}.${stateId(state)}`,
  );
const from = (ids: string[], path: string) => ids.filter((id) => id.startsWith(`${path}.`)).length;

describe('planCuts', () => {
  it('takes turns among the paths', () => {
    const ids = plan([recording(50), recording(50)], 7);
    expect([from(ids, 'p1'), from(ids, 'p2')]).toEqual([4, 3]);
  });

  it('makes up for a path with few states, whichever it is', () => {
    expect(from(plan([recording(2), recording(50)], 10), 'p2')).toBe(8);
    expect(from(plan([recording(50), recording(2)], 10), 'p1')).toBe(8);
  });

  it('is the same for the same seed, and a larger count adds to it', () => {
    const recordings = [recording(50), recording(30)];
    const ids = plan(recordings, 20);
    expect(plan(recordings, 20)).toEqual(ids);
    expect(plan(recordings, 30).slice(0, 20)).toEqual(ids);
    expect(new Set(ids).size).toBe(20);
  });

  it('is empty where the logs hold nothing', () => {
    expect(plan([recording(0)], 5)).toEqual([]);
  });
});
