import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { type ClassCounts, Coverage } from '../../../src/explore/coverage.ts';
import type { Space } from '../../../src/explore/space.ts';
import type { StateRef } from '../../../src/explore/states.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { diskSectors, madeUp, refsOf, spaceOf } from './made-up.ts';

function stepOf(space: Space, ref: StateRef): number {
  return space.windows[space.placeOf(ref).window]!.upgrade;
}

/** Every sector of every disk. */
const everything = diskSectors.map((count) => ({
  recovered: Array.from({ length: count }, (_, sector) => sector),
  raw: [],
}));

function sum(counts: ClassCounts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

describe('Coverage', () => {
  it('decides no state of another upgrade, even where nothing was read', () => {
    fc.assert(
      fc.property(madeUp, fc.nat(), (made, choice) => {
        const space = spaceOf(made);
        const refs = refsOf(space);
        const booted = refs[choice % Math.max(1, refs.length)];
        if (booted === undefined) return;
        const coverage = new Coverage(space);
        coverage.decide(
          booted,
          7,
          space.cellsRead(() => 0, []),
        );
        for (const ref of refs)
          assert.equal(coverage.decidedBy(ref), stepOf(space, ref) === stepOf(space, booted) ? 7 : undefined);
      }),
      { numRuns: 40 },
    );
  });

  it('boots all states on any number of machines, each once, where every boot reads all', () => {
    fc.assert(
      fc.property(madeUp, fc.nat(), fc.integer({ min: 1, max: 40 }), (made, seed, machines) => {
        const space = spaceOf(made);
        const coverage = new Coverage(space);
        const random = new Random(seed);
        const underWay: StateRef[] = [];
        const begun = new Set<string>();
        let boots = 0;
        for (;;) {
          const next = underWay.length < machines ? coverage.next() : undefined;
          if (next !== undefined) {
            const id = stateId(space.crashState(next));
            assert.ok(!begun.has(id), id);
            begun.add(id);
            coverage.begin(next);
            underWay.push(next);
            continue;
          }
          const [ref] = underWay.splice(random.int(underWay.length), 1);
          if (ref === undefined) break;
          // Machines stand idle only where all that is left is being booted.
          if (underWay.length + 1 < machines)
            assert.equal(
              coverage.all - coverage.decided,
              [ref, ...underWay].filter((each) => coverage.decidedBy(each) === undefined).length,
            );
          coverage.decide(
            ref,
            boots,
            space.cellsRead((cell) => space.contentIn(ref, cell), everything),
          );
          boots += 1;
          coverage.end(ref);
        }
        expect(coverage.decided).toBe(coverage.all);
        for (const ref of refsOf(space)) assert.notEqual(coverage.decidedBy(ref), undefined);
      }),
      { numRuns: 50 },
    );
  });

  it('gives up the undecided states of an epoch and upgrade, and only those', () => {
    fc.assert(
      fc.property(madeUp, fc.nat(), (made, choice) => {
        const space = spaceOf(made);
        const refs = refsOf(space);
        const booted = refs[choice % Math.max(1, refs.length)];
        if (booted === undefined) return;
        const coverage = new Coverage(space);
        const read = space.cellsRead((cell) => space.contentIn(booted, cell), everything);
        coverage.decide(booted, 0, read);
        const decided = refs.filter((ref) => coverage.decidedBy(ref) === 0);
        const { epoch } = space.placeOf(booted);
        coverage.skipEpoch(booted);
        expect(refs.filter((ref) => coverage.decidedBy(ref) === 0)).toEqual(decided);
        const left = refs.filter(
          (ref) =>
            coverage.decidedBy(ref) === undefined &&
            (space.placeOf(ref).epoch !== epoch || stepOf(space, ref) !== stepOf(space, booted)),
        );
        const tally = coverage.tally();
        expect(sum(tally.undecided)).toBe(left.length);
        expect(sum(tally.skipped)).toBe(refs.length - decided.length - left.length);
        for (let next = coverage.next(); next !== undefined; next = coverage.next()) {
          expect(left).toContainEqual(next);
          coverage.begin(next);
        }
        expect(coverage.busy).toBe(left.length > 0);
      }),
      { numRuns: 40 },
    );
  });

  it('gives up what agrees on what was read, and only what is undecided of it', () => {
    fc.assert(
      fc.property(madeUp, fc.nat(), fc.nat(), (made, one, other) => {
        const space = spaceOf(made);
        const refs = refsOf(space);
        const [decided, given] = [one, other].map((choice) => refs[choice % Math.max(1, refs.length)]);
        if (decided === undefined || given === undefined) return;
        const few = [
          { recovered: [0, 1, 2, 3], raw: [] },
          { recovered: [0], raw: [] },
        ];
        const readIn = (ref: StateRef) => space.cellsRead((cell) => space.contentIn(ref, cell), few);
        const coverage = new Coverage(space);
        coverage.decide(decided, 0, readIn(decided));
        const before = refs.filter((ref) => coverage.decidedBy(ref) === 0);
        coverage.skipAlike(given, readIn(given));
        expect(refs.filter((ref) => coverage.decidedBy(ref) === 0)).toEqual(before);
        // What a coverage of its own would decide by the same boot.
        const alike = new Coverage(space);
        alike.decide(given, 0, readIn(given));
        const skipped = refs.filter((ref) => alike.decidedBy(ref) === 0 && !before.includes(ref));
        expect(sum(coverage.tally().skipped)).toBe(skipped.length);
        expect(coverage.decided).toBe(before.length);
      }),
      { numRuns: 30 },
    );
  });

  it('begins with the states that it is given, in their order, as far as they are not decided', () => {
    fc.assert(
      fc.property(madeUp, fc.nat(), (made, seed) => {
        const space = spaceOf(made);
        const first = new Random(seed).shuffle(refsOf(space)).slice(0, 4);
        const coverage = new Coverage(space, first);
        const [gone, ...others] = first;
        if (gone === undefined) return;
        coverage.decide(
          gone,
          0,
          space.cellsRead((cell) => space.contentIn(gone, cell), everything),
        );
        for (const ref of others.filter((other) => coverage.decidedBy(other) === undefined)) {
          expect(coverage.next()).toBe(ref);
          coverage.begin(ref);
        }
        expect(first).not.toContain(coverage.next());
      }),
      { numRuns: 30 },
    );
  });

  it('goes on in the middle of the longest stretch', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const space = spaceOf(made, { kinds: ['prefix'] });
        const { segments } = space.line('head');
        const coverage = new Coverage(space);
        const next = coverage.next();
        if (next === undefined) expect(segments).toEqual([]);
        else {
          expect(next).toHaveProperty('axis', 'head');
          coverage.begin(next);
          expect(coverage.next()).not.toEqual(next);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('counts a state as decided whose epoch was given up while it was booted', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const space = spaceOf(made);
        const coverage = new Coverage(space);
        const next = coverage.next();
        if (next === undefined) return;
        coverage.begin(next);
        coverage.skipEpoch(next);
        const read = space.cellsRead((cell) => space.contentIn(next, cell), everything);
        expect(coverage.decide(next, 0, read)).toBeGreaterThanOrEqual(1);
        coverage.end(next);
        expect(coverage.decidedBy(next)).toBe(0);
        expect(coverage.decided).toBe(sum(coverage.tally().decided));
      }),
      { numRuns: 20 },
    );
  });
});
