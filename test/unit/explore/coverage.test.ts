import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { type ClassCounts, Coverage } from '../../../src/explore/coverage.ts';
import type { Space } from '../../../src/explore/space.ts';
import type { StateRef } from '../../../src/explore/states.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { diskSectors, type MadeUp, madeUp, refsOf, spaceOf, tagAt, tagsIn } from './made-up.ts';
import { RedirectingPart, recoveredTag, ruledSectors } from './redirecting-part.ts';

interface Boot {
  verdict: string;
  /** By disk. */
  sectorsRead: Set<number>[];
}

/** Sectors that devices look at, by disk. */
const looksAt = [
  [0, 1, 2, 3, ...ruledSectors],
  [0, 1, 6, 7],
] as const;

/** A device whose verdict is all that it saw; what it looks at next hangs on what it saw. */
function bootDevice(tagOf: (disk: number, sector: number) => number, step: number): Boot {
  const sectorsRead = [new Set<number>(), new Set<number>()];
  let verdict = `step ${step}`;
  for (let reads = 0; reads < 8; reads += 1) {
    const next = new Random(verdict);
    if (reads > 0 && next.int(6) === 0) break;
    const disk = next.int(3) === 0 ? 1 : 0;
    const sectors = looksAt[disk];
    const sector = sectors[next.int(sectors.length)]!;
    sectorsRead[disk]?.add(sector);
    verdict += ` ${disk}/${sector}=${tagOf(disk, sector)}`;
  }
  return { verdict, sectorsRead };
}

/** How a device sees a sector in a state: as it is, or as a file system's recovery leaves it. */
type View = (tags: readonly Uint8Array[], disk: number, sector: number) => number;

interface Bench {
  made: MadeUp;
  space: Space;
  view: View;
}

function boot({ made, space, view }: Bench, ref: StateRef): Boot {
  const tags = tagsIn(made, space.crashState(ref));
  return bootDevice((disk, sector) => view(tags, disk, sector), stepOf(space, ref));
}

function stepOf(space: Space, ref: StateRef): number {
  return space.windows[space.placeOf(ref).window]!.step;
}

/** Every sector of every disk. */
const everything = diskSectors.map((count) => Array.from({ length: count }, (_, sector) => sector));

/** Boots on some machines at once until nothing is left; returns the verdicts of the boots, by number. */
function explore(bench: Bench, coverage: Coverage, random: Random, machines = 1): string[] {
  const { space } = bench;
  const verdicts: string[] = [];
  const underWay: StateRef[] = [];
  const begun = new Set<string>();
  let decided = 0;
  for (;;) {
    const next = underWay.length < machines ? coverage.next() : undefined;
    if (next !== undefined) {
      expect(coverage.decidedBy(next)).toBeUndefined();
      expect(begun).not.toContain(stateId(space.crashState(next)));
      begun.add(stateId(space.crashState(next)));
      coverage.begin(next);
      underWay.push(next);
      continue;
    }
    expect(coverage.busy).toBe(underWay.length > 0);
    const [ref] = underWay.splice(random.int(underWay.length), 1);
    if (ref === undefined) break;
    const { verdict, sectorsRead } = boot(bench, ref);
    const read = space.cellsRead((cell) => space.contentIn(ref, cell), sectorsRead);
    decided += coverage.decide(ref, verdicts.length, read);
    verdicts.push(verdict);
    coverage.end(ref);
    expect(coverage.decided).toBe(decided);
  }
  expect(decided).toBe(sum(coverage.tally().decided));
  return verdicts;
}

function sum(counts: ClassCounts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** States whose verdict, as decided, is not the one that the device comes to. */
function misjudged(bench: Bench, coverage: Coverage, verdicts: readonly string[]): string[] {
  const { space } = bench;
  return refsOf(space)
    .filter((ref) => {
      const by = coverage.decidedBy(ref);
      return by === undefined || verdicts[by] !== boot(bench, ref).verdict;
    })
    .map((ref) => stateId(space.crashState(ref)));
}

describe('Coverage', () => {
  it.each<[string, (made: MadeUp) => Bench]>([
    ['sectors as they are', (made) => ({ made, space: spaceOf(made), view: tagAt })],
    [
      'sectors as recovery leaves them',
      (made) => ({
        made,
        space: spaceOf(made, { interpreters: (parts) => [new RedirectingPart(parts)] }),
        view: recoveredTag,
      }),
    ],
  ])('decides every state as the device does, by few boots: %s', (_, benchOf) => {
    fc.assert(
      fc.property(madeUp, fc.nat(), fc.integer({ min: 1, max: 4 }), (made, seed, machines) => {
        const bench = benchOf(made);
        const coverage = new Coverage(bench.space);
        const verdicts = explore(bench, coverage, new Random(seed), machines);
        expect(misjudged(bench, coverage, verdicts)).toEqual([]);
        const tally = coverage.tally();
        const states = refsOf(bench.space).length;
        expect([sum(tally.all), sum(tally.decided), sum(tally.undecided), sum(tally.skipped)]).toEqual([
          states,
          states,
          0,
          0,
        ]);
        expect([coverage.all, coverage.decided]).toEqual([states, states]);
        expect(verdicts.length).toBeLessThanOrEqual(states);
      }),
      { numRuns: 60 },
    );
  });

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
          expect(coverage.decidedBy(ref)).toBe(stepOf(space, ref) === stepOf(space, booted) ? 7 : undefined);
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
            expect(begun).not.toContain(stateId(space.crashState(next)));
            begun.add(stateId(space.crashState(next)));
            coverage.begin(next);
            underWay.push(next);
            continue;
          }
          const [ref] = underWay.splice(random.int(underWay.length), 1);
          if (ref === undefined) break;
          // Machines stand idle only where all that is left is being booted.
          if (underWay.length + 1 < machines)
            expect(coverage.all - coverage.decided).toBe(
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
        for (const ref of refsOf(space)) expect(coverage.decidedBy(ref)).toBeDefined();
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

  it('begins in the middle of the longest stretch', () => {
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
