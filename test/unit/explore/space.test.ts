import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Space } from '../../../src/explore/space.ts';
import { parseStateId, stateId } from '../../../src/writelog/state-id.ts';
import {
  diskSectors,
  type MadeUp,
  madeUp,
  Pairing,
  refsOf,
  sectorOf,
  spaceOf,
  tagAt,
  tagsIn,
} from './made-up.ts';

function sectorCells({ cells }: Space): number[] {
  return Array.from({ length: cells.count }, (_, cell) => cell).filter((cell) => cells.disk(cell) >= 0);
}

/** Every state's content of every cell against the one that the write log makes, by bytes. */
function contradictions(made: MadeUp, space: Space): string[] {
  const pairing = new Pairing();
  const wrong: string[] = [];
  const cells = sectorCells(space);
  const seen = new Set<number>();
  for (const ref of refsOf(space)) {
    const state = space.crashState(ref);
    const tags = tagsIn(made, state);
    for (const cell of cells) {
      const expected = tagAt(tags, space.cells.disk(cell), space.cells.sector(cell));
      const number = space.contentIn(ref, cell);
      if (!pairing.agrees(number, expected)) wrong.push(`${stateId(state)}, cell ${cell}`);
      if (seen.has(number)) continue;
      seen.add(number);
      if (!space.contents.bytesOf(number).equals(sectorOf(expected)))
        wrong.push(`${stateId(state)}, bytes of cell ${cell}`);
    }
  }
  return wrong;
}

describe('Space', () => {
  it('knows what every sector holds in every state', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        expect(contradictions(made, spaceOf(made))).toEqual([]);
      }),
    );
  });

  it('has a cell for every sector that differs between states', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const space = spaceOf(made);
        const differs = made.bases.map(() => new Set<number>());
        for (const ref of refsOf(space))
          tagsIn(made, space.crashState(ref)).forEach((tags, disk) =>
            tags.forEach((tag, sector) => {
              if (tag !== made.bases[disk]?.[sector]) differs[disk]?.add(sector);
            }),
          );
        differs.forEach((sectors, disk) => {
          for (const sector of sectors) assert.ok(space.cells.find(disk, sector) >= 0);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('finds each state by what the write log calls it, and none that it does not have', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const space = spaceOf(made);
        for (const ref of refsOf(space)) expect(space.refOf(space.crashState(ref))).toEqual(ref);
        const seq = space.log.records.length;
        expect(space.refOf({ at: -1, shape: { kind: 'prefix' } })).toBeUndefined();
        expect(
          space.refOf({ at: 0, shape: { kind: 'torn', part: 'head', seq, sectors: 1 } }),
        ).toBeUndefined();
        expect(space.refOf({ at: 0, shape: { kind: 'subset', lost: [seq] } })).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it('says of a state by its crash state what it says of it by its place', () => {
    fc.assert(
      fc.property(madeUp, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), (made, choices) => {
        const space = spaceOf(made);
        const refs = refsOf(space);
        for (const choice of refs.length === 0 ? [] : choices) {
          const ref = refs[choice % refs.length]!;
          const contents = space.contentsOf(space.crashState(ref));
          contents.forEach((content, cell) => {
            assert.equal(content, space.contentIn(ref, cell));
          });
        }
      }),
    );
  });

  it('has each state once, with a name that says which it is', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const space = spaceOf(made);
        const states = refsOf(space).map((ref) => space.crashState(ref));
        const names = states.map(stateId);
        expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
        expect(names.map(parseStateId)).toEqual(states);
      }),
    );
  });

  it('tells the place, stateClass and window of each state', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const space = spaceOf(made);
        space.eachState((ref, stateClass, place) => {
          assert.equal(space.placeOf(ref), place);
          assert.equal(space.classOf(ref), stateClass);
          const window = space.windows[place.window]!;
          assert.ok(place.at > window.from);
          assert.ok(place.at <= window.to);
          const flushes = made.log.records.filter(
            ({ kind, completed }) => kind === 'flush' && completed !== undefined && completed < place.at,
          );
          assert.equal(place.epoch, flushes.length);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('matches states as their contents do, position by position and subset by subset', () => {
    fc.assert(
      fc.property(madeUp, fc.nat(), fc.array(fc.nat(), { maxLength: 12 }), (made, choice, chosen) => {
        const space = spaceOf(made);
        const refs = refsOf(space);
        const booted = refs[choice % Math.max(1, refs.length)];
        if (booted === undefined) return;
        const sectors = diskSectors.map((count, disk) => ({
          recovered: chosen.filter((n) => n % 2 === disk).map((n) => (n >> 1) % count),
          raw: [],
        }));
        const read = space.cellsRead((cell) => space.contentIn(booted, cell), sectors);
        const wanted = new Int32Array(space.cells.count).fill(-1);
        read.cells.forEach((cell, i) => {
          wanted[cell] = read.contents[i]!;
        });
        for (const ref of refs) {
          const differing = read.cells.filter(
            (cell, i) => space.contentIn(ref, cell) !== read.contents[i],
          ).length;
          if ('axis' in ref) assert.equal(space.mismatches(ref.axis, read)[ref.position], differing);
          else {
            const state = space.subsets[ref.subset]!;
            const matches = space.subsetMatches(state, space.mismatches(state.axis, read), wanted);
            assert.equal(matches, differing === 0);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a place where no state is', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const space = spaceOf(made);
        expect(() => space.placeOf({ axis: 'head', position: 0 })).toThrow(RangeError);
        expect(() => space.placeOf({ subset: space.subsets.length })).toThrow(RangeError);
      }),
      { numRuns: 10 },
    );
  });
});
