import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shrink } from '../../../src/explore/shrink.ts';

type Test = (items: readonly number[]) => boolean;

/** Fails with everything, as shrinking demands; monotone: what holds for a set holds for every larger one. */
const monotone = fc
  .record({
    count: fc.integer({ min: 1, max: 40 }),
    culprits: fc.array(fc.uniqueArray(fc.nat(39), { minLength: 1, maxLength: 5 }), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map(({ count, culprits }) => {
    const sets = culprits.map((set) => set.map((item) => item % count));
    const fails: Test = (items) => sets.some((set) => set.every((item) => items.includes(item)));
    return { items: Array.from({ length: count }, (_, i) => i), fails };
  });

async function shrunk(items: readonly number[], fails: Test, most = Number.POSITIVE_INFINITY) {
  const tried: number[][] = [];
  const result = await shrink(items, (candidate) => {
    if (tried.length >= most) return Promise.resolve(undefined);
    tried.push([...candidate]);
    return Promise.resolve(fails(candidate));
  });
  return { result, tried };
}

describe('shrink', () => {
  it('ends with a part that still fails, and of which nothing can be left out', async () => {
    await fc.assert(
      fc.asyncProperty(monotone, async ({ items, fails }) => {
        const { result } = await shrunk(items, fails);
        expect(fails(result)).toBe(true);
        expect(items.filter((item) => result.includes(item))).toEqual(result);
        for (const left of result)
          if (result.length > 1) expect(fails(result.filter((item) => item !== left))).toBe(false);
      }),
    );
  });

  it('leaves nothing that it could leave out, whatever it is that fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 24 }), fc.func(fc.boolean()), async (count, strange) => {
        const items = Array.from({ length: count }, (_, i) => i);
        const fails: Test = (candidate) => candidate.length === count || strange(candidate);
        const { result } = await shrunk(items, fails);
        expect(fails(result)).toBe(true);
        for (const left of result)
          if (result.length > 1) expect(fails(result.filter((item) => item !== left))).toBe(false);
      }),
    );
  });

  it('tries few: at most n² + 3n, as delta debugging does, and no empty one', async () => {
    await fc.assert(
      fc.asyncProperty(monotone, async ({ items, fails }) => {
        const { tried } = await shrunk(items, fails);
        expect(tried.length).toBeLessThanOrEqual(items.length ** 2 + 3 * items.length);
        for (const candidate of tried) expect(candidate).not.toEqual([]);
      }),
    );
  });

  it('finds a single culprit in as many steps as its place has digits', async () => {
    const { result, tried } = await shrunk(
      Array.from({ length: 1024 }, (_, i) => i),
      (items) => items.includes(700),
    );
    expect(result).toEqual([700]);
    expect(tried.length).toBeLessThanOrEqual(20);
  });

  it('ends with the smallest so far where no more may be tried', async () => {
    await fc.assert(
      fc.asyncProperty(monotone, fc.nat(12), async ({ items, fails }, most) => {
        const { result, tried } = await shrunk(items, fails, most);
        expect(fails(result)).toBe(true);
        expect(tried.length).toBeLessThanOrEqual(most);
        expect(result).toEqual(tried.findLast(fails) ?? items);
      }),
    );
  });
});
