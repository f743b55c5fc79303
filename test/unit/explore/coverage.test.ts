import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { Coverage, type RungCounts } from '../../../src/explore/coverage.ts';
import type { Space } from '../../../src/explore/space.ts';
import type { StateRef } from '../../../src/explore/states.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { blockTags, type MadeUp, madeUp, refsOf, spaceOf, tagsIn } from './made-up.ts';
import { RedirectingPart, recoveredTags } from './redirecting-part.ts';

interface Boot {
  verdict: string;
  /** By disk. */
  blocksRead: Set<number>[];
}

/** A device whose verdict is all that it saw; what it looks at next hangs on what it saw. */
function bootDevice(blockOf: (disk: number, block: number) => string, step: number): Boot {
  const blocksRead = [new Set<number>(), new Set<number>()];
  let verdict = `step ${step}`;
  let at = { disk: 0, block: 0 };
  for (let reads = 0; reads < 6; reads += 1) {
    blocksRead[at.disk]?.add(at.block);
    verdict += ` ${at.disk}/${at.block}=${blockOf(at.disk, at.block)}`;
    const next = new Random(verdict);
    if (next.int(5) === 0) break;
    at = next.int(3) === 0 ? { disk: 1, block: next.int(3) } : { disk: 0, block: next.int(5) };
  }
  return { verdict, blocksRead };
}

/** How a device sees a block in a state: as it is, or as a file system's recovery leaves it. */
type View = (tags: readonly Uint8Array[], disk: number, block: number) => readonly number[];

interface Bench {
  made: MadeUp;
  space: Space;
  view: View;
}

function boot({ made, space, view }: Bench, ref: StateRef): Boot {
  const tags = tagsIn(made, space.crashState(ref));
  return bootDevice((disk, block) => view(tags, disk, block).join(''), stepOf(space, ref));
}

function stepOf(space: Space, ref: StateRef): number {
  return space.windows[space.placeOf(ref).window]!.step;
}

/** Boots on some machines at once until nothing is left; returns the verdicts of the boots, by number. */
function explore(bench: Bench, coverage: Coverage, random: Random): string[] {
  const { space } = bench;
  const verdicts: string[] = [];
  const underWay: StateRef[] = [];
  const machines = 1 + random.int(3);
  let decided = 0;
  for (;;) {
    const next = underWay.length < machines ? coverage.next() : undefined;
    if (next !== undefined) {
      expect(coverage.decidedBy(next)).toBeUndefined();
      coverage.begin(next);
      underWay.push(next);
      continue;
    }
    expect(coverage.busy).toBe(underWay.length > 0);
    const [ref] = underWay.splice(random.int(underWay.length), 1);
    if (ref === undefined) break;
    const { verdict, blocksRead } = boot(bench, ref);
    const read = space.cellsRead((cell) => space.contentIn(ref, cell), blocksRead);
    decided += coverage.decide(ref, verdicts.length, read);
    verdicts.push(verdict);
    coverage.end(ref);
  }
  expect(decided).toBe(sum(coverage.tally().decided));
  return verdicts;
}

function sum(counts: RungCounts): number {
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
    ['blocks as they are', (made) => ({ made, space: spaceOf(made), view: blockTags })],
    [
      'blocks as recovery leaves them',
      (made) => ({
        made,
        space: spaceOf(made, { interpreters: (parts) => [new RedirectingPart(parts)] }),
        view: recoveredTags,
      }),
    ],
  ])('decides every state as the device does, by few boots: %s', (_, benchOf) => {
    fc.assert(
      fc.property(madeUp, fc.nat(), (made, seed) => {
        const bench = benchOf(made);
        const coverage = new Coverage(bench.space);
        const verdicts = explore(bench, coverage, new Random(seed));
        expect(misjudged(bench, coverage, verdicts)).toEqual([]);
        const tally = coverage.tally();
        const states = refsOf(bench.space).length;
        expect([sum(tally.all), sum(tally.decided), sum(tally.undecided), sum(tally.skipped)]).toEqual([
          states,
          states,
          0,
          0,
        ]);
        expect(verdicts.length).toBeLessThanOrEqual(states);
      }),
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

  it('gives up the undecided states of an epoch, and only those', () => {
    fc.assert(
      fc.property(madeUp, fc.nat(), (made, choice) => {
        const space = spaceOf(made);
        const refs = refsOf(space);
        const booted = refs[choice % Math.max(1, refs.length)];
        if (booted === undefined) return;
        const coverage = new Coverage(space);
        const everything = [0, 1, 2, 3, 4];
        const read = space.cellsRead((cell) => space.contentIn(booted, cell), [everything, everything]);
        coverage.decide(booted, 0, read);
        const decided = refs.filter((ref) => coverage.decidedBy(ref) === 0);
        const { epoch } = space.placeOf(booted);
        coverage.skipEpoch(epoch);
        expect(refs.filter((ref) => coverage.decidedBy(ref) === 0)).toEqual(decided);
        const left = refs.filter(
          (ref) => coverage.decidedBy(ref) === undefined && space.placeOf(ref).epoch !== epoch,
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
});
