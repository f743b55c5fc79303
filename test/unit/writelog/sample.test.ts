import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { census } from '../../../src/writelog/census.ts';
import { stateMaps } from '../../../src/writelog/crash-state.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { sampleStates } from '../../../src/writelog/sample.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { idleMark, windowMark } from '../../../src/writelog/windows.ts';

/** Two phases: 12 writes with a flush after every fourth, then 2 writes in one epoch. */
function log(): WriteLog {
  const result = new WriteLog([{ id: 'main', sectors: 200, cache: 'writeback' }]);
  result.complete(result.issue(0, 'write', 0, 1, false, 0));
  result.mark(windowMark(0, 'install'));
  for (let i = 1; i <= 12; i += 1) {
    result.complete(result.issue(0, 'write', i * 8, 8, false, i * 8));
    if (i % 4 === 0) result.complete(result.issue(0, 'flush', 0, 0, false));
  }
  result.mark(windowMark(0, 'confirm'));
  for (let i = 13; i <= 14; i += 1) result.complete(result.issue(0, 'write', i * 8, 2, false, i * 8));
  result.mark(idleMark);
  result.complete(result.issue(0, 'write', 199, 1, false, 300));
  return result;
}

const kinds = ['prefix', 'lost', 'torn'] as const;
const sample = (seed: string, count: number) =>
  sampleStates(log(), { phases: ['install', 'confirm'], kinds, count, random: new Random(seed) });

describe('sampleStates', () => {
  it('gives the same states for the same seed and others for another', () => {
    const ids = (seed: string) => sample(seed, 15).map(({ state }) => stateId(state));
    expect(ids('7')).toEqual(ids('7'));
    expect(ids('7')).not.toEqual(ids('8'));
    expect(new Set(ids('7')).size).toBe(15);
  });

  it('gives every phase and kind its turn', () => {
    const turns = sample('1', 6).map(({ state, window }) => `${window.phase} ${state.shape.kind}`);
    expect(new Set(turns).size).toBe(6);
  });

  it('gives every disk its turn, however much another one writes', () => {
    const chatty = new WriteLog([
      { id: 'main', sectors: 10, cache: 'writeback' },
      { id: 'vars', sectors: 1000, cache: 'writethrough' },
    ]);
    chatty.mark(windowMark(0, 'install'));
    chatty.complete(chatty.issue(0, 'write', 0, 1, false, 0));
    for (let i = 0; i < 1000; i += 1) chatty.complete(chatty.issue(1, 'write', i, 1, false, i + 1));
    const states = sampleStates(chatty, {
      phases: ['install'],
      kinds: ['prefix'],
      count: 2,
      random: new Random('1'),
    });
    expect(states.map(({ state }) => state.at)).toContain((chatty.records[0]?.issued ?? 0) + 1);
  });

  it('draws only states that the log allows, inside the phases asked for', () => {
    const all = log();
    for (const { state, window } of sample('3', 60)) {
      expect(() => stateMaps(all, state)).not.toThrow();
      expect(['install', 'confirm']).toContain(window.phase);
      expect(state.at).toBeLessThanOrEqual(window.to);
    }
  });

  it('ends when the log holds no more', () => {
    const few = sampleStates(log(), {
      phases: ['confirm'],
      kinds: ['prefix'],
      count: 50,
      random: new Random('1'),
    });
    expect(few).toHaveLength(2);
  });
});

describe('census', () => {
  it('counts states per kind in the phases, and writes, flushes and epochs in the whole log', () => {
    expect(census(log(), ['install', 'confirm'])).toEqual({
      prefix: 14,
      // Three full epochs of four (the first also holds the write before the phase), then two writes un-flushed: both, or either.
      lost: 1 + 2 * 5 + 2 * (1 + 2 * 4) + 3,
      torn: 12 * 3 * 7 + 2 * 3,
      writes: 16,
      flushes: 3,
      epochs: 3,
    });
  });
});
