import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StateClass, stateClasses } from '../../../src/explore/states.ts';
import { maxWholeEpoch } from '../../../src/explore/subsets.ts';
import { type StateKind, stateKinds } from '../../../src/model/scenario.ts';
import { durabilityAt } from '../../../src/writelog/durability.ts';
import type { WriteLog } from '../../../src/writelog/log.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { windowsOf } from '../../../src/writelog/windows.ts';
import { type MadeUp, madeUp, spaceOf } from './made-up.ts';

/** A state in words that do not depend on how a shape is told: the moment, what is lost, what is torn. */
type Names = Record<Exclude<StateClass, 'sampled'>, Set<string>>;

function name(at: number, lost: readonly number[], torn = ''): string {
  return `${at} without [${lost.join(' ')}]${torn}`;
}

/** The states of the design, said plainly. `samples`: by moment, of how many open writes samples are drawn. */
function designed(log: WriteLog): { names: Names; samples: Map<number, number> } {
  const names: Names = { prefix: new Set(), lost: new Set(), torn: new Set(), subset: new Set() };
  const samples = new Map<number, number>();
  const seen = new Set<string>();
  for (const { from, to } of windowsOf(log)) {
    for (const { kind, issued, count, seq } of log.records) {
      if (kind === 'flush' || issued < from || issued >= to) continue;
      names.prefix.add(name(issued + 1, []));
      for (let sectors = 1; sectors < count; sectors += 1)
        for (const part of ['head', 'tail', 'zero'])
          names.torn.add(name(issued + 1, [], ` ${part} ${sectors} of ${seq}`));
    }
    // Every moment at which a flush is about to have completed, and the end of the window.
    for (let at = from + 1; at <= to; at += 1) {
      if (at < to && !log.records.some(({ kind, completed }) => kind === 'flush' && completed === at))
        continue;
      const open = durabilityAt(log, at).optional.map(({ seq }) => seq);
      const issued = log.records.filter((record) => record.kind !== 'flush' && record.issued < at).length;
      const cache = `${issued} ${open.join()}`;
      if (open.length === 0 || seen.has(cache)) continue;
      seen.add(cache);
      names.lost.add(name(at, open));
      if (open.length > maxWholeEpoch) samples.set(at, open.length);
      for (const seq of open) {
        const others = open.filter((other) => other !== seq);
        if (others.length === 0) continue;
        names.lost.add(name(at, [seq]));
        names.lost.add(name(at, others));
      }
      for (let mask = 1; open.length <= maxWholeEpoch && mask < 2 ** open.length - 1; mask += 1) {
        const lost = open.filter((_, i) => ((mask >> i) & 1) === 1);
        if (!names.lost.has(name(at, lost))) names.subset.add(name(at, lost));
      }
    }
  }
  return { names, samples };
}

/** The states of a space in the same words. */
function enumerated(made: MadeUp, kinds: readonly StateKind[]): { names: Record<StateClass, string[]> } {
  const space = spaceOf(made, { kinds });
  const names: Record<StateClass, string[]> = { prefix: [], lost: [], torn: [], subset: [], sampled: [] };
  space.eachState((ref, stateClass) => {
    const { at, shape } = space.crashState(ref);
    const open = durabilityAt(made.log, at).optional.map(({ seq }) => seq);
    if (shape.kind === 'torn')
      names[stateClass].push(name(at, [], ` ${shape.part} ${shape.sectors} of ${shape.seq}`));
    else if (shape.kind === 'prefix') names[stateClass].push(name(at, []));
    else if (shape.kind === 'subset') names[stateClass].push(name(at, shape.lost));
    else if (shape.keep === 'none') names[stateClass].push(name(at, open));
    else if (shape.keep === 'all-but') names[stateClass].push(name(at, [shape.seq]));
    else {
      const { seq } = shape;
      names[stateClass].push(
        name(
          at,
          open.filter((other) => other !== seq),
        ),
      );
    }
  });
  return { names };
}

describe('the states of a space', () => {
  it('are those of the design, each once', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const { names } = enumerated(made, stateKinds);
        const design = designed(made.log).names;
        for (const stateClass of stateClasses)
          if (stateClass !== 'sampled')
            expect({ stateClass, states: names[stateClass].sort() }).toEqual({
              stateClass,
              states: [...design[stateClass]].sort(),
            });
      }),
      { numRuns: 60 },
    );
  });

  it('are sampled eight times from each large epoch, two writes or more on either side', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const { samples } = designed(made.log);
        const { sampled } = enumerated(made, stateKinds).names;
        expect(sampled).toHaveLength(8 * samples.size);
        expect(new Set(sampled).size).toBe(sampled.length);
        for (const state of sampled) {
          const [, at, lost] = /^(\d+) without \[(.*)\]$/.exec(state) ?? [];
          const count = lost?.split(' ').length ?? 0;
          expect(count).toBeGreaterThanOrEqual(2);
          expect(count).toBeLessThanOrEqual((samples.get(Number(at)) ?? 0) - 2);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are only of the kinds asked for', () => {
    fc.assert(
      fc.property(madeUp, fc.subarray([...stateKinds], { minLength: 1 }), (made, kinds) => {
        const all = enumerated(made, stateKinds).names;
        const some = enumerated(made, kinds).names;
        for (const stateClass of stateClasses)
          expect(some[stateClass]).toEqual(
            kinds.includes(stateClass === 'sampled' ? 'subset' : stateClass) ? all[stateClass] : [],
          );
      }),
      { numRuns: 50 },
    );
  });

  it('are the same each time', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const ids = () => {
          const space = spaceOf(made);
          const list: string[] = [];
          space.eachState((ref) => list.push(stateId(space.crashState(ref))));
          return list;
        };
        expect(ids()).toEqual(ids());
      }),
      { numRuns: 10 },
    );
  });
});

describe('countBlockTears', () => {
  it('counts the tears that fall between two blocks of 4 KiB', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const space = spaceOf(made);
        let tears = 0;
        space.eachState((ref, stateClass) => {
          const { shape } = space.crashState(ref);
          if (stateClass !== 'torn' || shape.kind !== 'torn') return;
          const { sector, count } = made.log.records[shape.seq]!;
          const written = shape.part === 'tail' ? count - shape.sectors : shape.sectors;
          if ((sector + written) % 8 === 0) tears += 1;
        });
        expect(space.countBlockTears()).toBe(tears);
      }),
      { numRuns: 50 },
    );
  });
});
