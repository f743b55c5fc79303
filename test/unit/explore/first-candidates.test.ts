import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstCandidates } from '../../../src/explore/first-candidates.ts';
import type { Space } from '../../../src/explore/space.ts';
import type { PlaceOf } from '../../../src/explore/write-places.ts';
import { stateKinds } from '../../../src/model/scenario.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { historyOf, madeUp, type Request, refsOf, spaceOf } from './made-up.ts';
import { comesBack, type Device, madeUpExploration, wanderingDevice } from './made-up-device.ts';

const write = (sector: number, ...tags: number[]): Request => ({ sector, tags });

/** The first sectors are the boot loader's, the rest a slot's. */
const halves: PlaceOf = ({ sector }) => (sector < 2 ? 'boot loader' : 'slot');

/** A slot of so many batches, each flushed; then the boot loader is told, and that is flushed. */
function slotThenPointer(batches: number): Request[] {
  const slot = Array.from({ length: batches }, (_, i): Request[] => [
    write(2 + i, 1 + (i % 3), 1),
    write(20 + (i % 12), 2),
    'flush',
  ]);
  return [...slot.flat(), write(0, 1), 'flush'];
}

function names(space: Space, placeOf = halves): string[] {
  return firstCandidates(space, placeOf).map((ref) => stateId(space.crashState(ref)));
}

describe('the states that a search begins with', () => {
  it('are states of the space that are asked for, each once, and the same each time', () => {
    fc.assert(
      fc.property(madeUp, fc.subarray([...stateKinds], { minLength: 1 }), (made, kinds) => {
        const space = spaceOf(made, { kinds });
        const all = new Set(refsOf(space).map((ref) => stateId(space.crashState(ref))));
        const first = names(space);
        expect(new Set(first).size).toBe(first.length);
        for (const id of first) expect(all).toContain(id);
        expect(names(spaceOf(made, { kinds }))).toEqual(first);
      }),
      { numRuns: 60 },
    );
  });

  it('are, in front, one of each window and of each kind of batch, however long one of these is', () => {
    const space = spaceOf(historyOf([...slotThenPointer(12), 'next upgrade', write(1, 3), 'flush']));
    const first = firstCandidates(space, halves);
    const about = first.slice(0, 3).map((ref) => {
      const { window, epoch } = space.placeOf(ref);
      return `${window} ${epoch === 12 ? 'pointer' : window === 0 ? 'slot' : 'other'}`;
    });
    expect(about.sort()).toEqual(['0 pointer', '0 slot', '1 other']);
  });

  it('begin with what one flush covers of two kinds of places: a part of the slot is missing, the rest is there', () => {
    const space = spaceOf(historyOf([write(4, 1), 'flush', write(5, 1), write(6, 1), write(0, 1), 'flush']));
    const [ref] = firstCandidates(space, halves);
    const lost = space.log.records.filter(({ sector }) => sector === 6)[0]?.seq;
    expect(space.crashState(ref!).shape).toEqual({ kind: 'lost', keep: 'all-but', seq: lost });
  });

  it('find a pointer that is flushed with its data, far behind a long stretch, by the first boot', async () => {
    const made = historyOf([
      ...Array.from({ length: 60 }, (_, i) => [write(24 + (i % 8), 1 + (i % 3)), 'flush'] as const).flat(),
      write(5, 1),
      write(6, 1),
      write(0, 1),
      'flush',
    ]);
    const device: Device = ({ see }) => {
      const broken = see(0, 0) === 1 && !(see(0, 5) === 1 && see(0, 6) === 1);
      const rest = Array.from({ length: 8 }, (_, i) => see(0, 24 + i)).join('');
      return broken ? { verdict: 'failed', outcome: 'mixed' } : comesBack(rest);
    };
    const parts = madeUpExploration(made, { device, placeOf: halves });
    await parts.exploration.decideAll();
    expect(parts.told.findIndex(({ whole }) => whole.verdict === 'failed')).toBe(0);
  });

  it('cost no boot: to decide everything takes as many with them as without', async () => {
    await fc.assert(
      fc.asyncProperty(madeUp, async (made) => {
        const boots = async (placeOf: PlaceOf) => {
          const parts = madeUpExploration(made, { device: wanderingDevice, placeOf });
          await parts.exploration.decideAll();
          return parts.asked.length;
        };
        const orders = await Promise.all([
          boots(() => ''),
          boots(halves),
          boots(({ sector }) => `${sector}`),
        ]);
        expect(new Set(orders).size).toBe(1);
      }),
      { numRuns: 30 },
    );
  });
});
