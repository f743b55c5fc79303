import { describe, expect, it } from 'vitest';
import type { StatesRecord } from '../../../src/model/states.ts';
import { readStates, storeStates } from '../../../src/report/stored-states.ts';
import { states } from './states.ts';

function damaged(change: (record: StatesRecord) => void): () => StatesRecord {
  const record = states();
  change(record);
  return () => readStates(storeStates(record));
}

describe('states.json', () => {
  it('is read as it was written, with lines that people can look at', () => {
    const text = storeStates(states());
    expect(readStates(text)).toEqual(states());
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(800);
  });

  it.each([
    [
      'a field of another kind',
      (r: StatesRecord) => Object.assign(r.traces[0]!, { name: 7 }),
      'traces[0].name',
    ],
    ['a field that nobody knows', (r: StatesRecord) => Object.assign(r, { more: 1 }), 'more'],
    [
      'a boot that is not there',
      (r: StatesRecord) => r.traces[0]!.stages[0]!.boots.pop(),
      'traces[0].stages[0].boots[1] is not there',
    ],
    [
      'a place that is not there',
      (r: StatesRecord) => r.traces[0]!.places.pop(),
      'traces[0].places[1], of request 2, is not there',
    ],
    [
      'a disk that is not there',
      (r: StatesRecord) => r.traces[0]!.disks.pop(),
      'traces[0].disks[0], of request 0, is not there',
    ],
    [
      'positions beyond their line',
      (r: StatesRecord) => r.traces[0]!.lines.head.pop(),
      'traces[0].lines.head, position 11, is not there',
    ],
  ])('is refused with %s', (_, change, message) => {
    expect(damaged(change)).toThrow(message);
  });
});
