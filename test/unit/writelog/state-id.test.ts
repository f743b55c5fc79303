import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CrashShape, CrashState } from '../../../src/writelog/crash-state.ts';
import { parseStateId, stateId } from '../../../src/writelog/state-id.ts';

const seq = fc.nat(999_999_999);
const shape: fc.Arbitrary<CrashShape> = fc.oneof(
  fc.constant<CrashShape>({ kind: 'prefix' }),
  fc.constant<CrashShape>({ kind: 'lost', keep: 'none' }),
  fc.record({
    kind: fc.constant('lost' as const),
    keep: fc.constantFrom('all-but' as const, 'only' as const),
    seq,
  }),
  fc.record({
    kind: fc.constant('torn' as const),
    seq,
    part: fc.constantFrom('head' as const, 'tail' as const, 'zero' as const),
    sectors: fc.nat(65_535),
  }),
  fc
    .uniqueArray(fc.oneof(fc.nat(30), seq), { minLength: 1 })
    .map((lost): CrashShape => ({ kind: 'subset', lost: lost.sort((a, b) => a - b) })),
);
const state: fc.Arbitrary<CrashState> = fc.record({ at: fc.nat(2 ** 31 - 1), shape });

describe('stateId and parseStateId', () => {
  it('go there and back', () => {
    fc.assert(
      fc.property(state, (value) => {
        expect(parseStateId(stateId(value))).toEqual(value);
      }),
    );
  });

  it.each<[string, CrashShape]>([
    ['4711', { kind: 'prefix' }],
    ['4711.none', { kind: 'lost', keep: 'none' }],
    ['4711.all-but3', { kind: 'lost', keep: 'all-but', seq: 3 }],
    ['4711.only409', { kind: 'lost', keep: 'only', seq: 409 }],
    ['4711.zero3of12', { kind: 'torn', part: 'zero', sectors: 3, seq: 12 }],
    ['4711.lost12-14+17', { kind: 'subset', lost: [12, 13, 14, 17] }],
  ])('%s', (name, expected) => {
    expect(stateId({ at: 4711, shape: expected })).toBe(name);
    expect(parseStateId(name)).toEqual({ at: 4711, shape: expected });
  });

  it.each([
    '',
    'x',
    '4711.',
    '-1',
    '4711.some',
    '4711.only',
    '4711.none3',
    '4711.head3',
    '4711.mid3of4',
    '4711.lost',
    '4711.lost3+2',
    '4711.lost3+3',
    '4711.lost5-3',
    '4711.lost1-999999999',
    '4711.none\n',
    '1234567890123456',
  ])('%j names nothing', (text) => expect(parseStateId(text)).toBeUndefined());

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseStateId(text);
        if (parsed !== undefined) expect(parseStateId(stateId(parsed))).toEqual(parsed);
      }),
    );
  });
});
