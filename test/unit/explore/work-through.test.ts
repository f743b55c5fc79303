import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { workThrough } from '../../../src/explore/work-through.ts';

const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('workThrough', () => {
  it('does what the end of other work brings, with as many at once as there are places', async () => {
    const queue = [3];
    const done: number[] = [];
    let busy = 0;
    let most = 0;
    await workThrough({
      next: () => queue.shift(),
      others: () => busy > 0,
      goOn: () => true,
      places: pLimit(2),
      onFailure: () => undefined,
      work: async (depth) => {
        busy += 1;
        most = Math.max(most, busy);
        await pause();
        if (depth > 0) queue.push(depth - 1, depth - 1);
        done.push(depth);
        busy -= 1;
      },
    });
    expect(done.length).toBe(15);
    expect(most).toBe(2);
  });

  it('begins nothing more once it is not to go on', async () => {
    let begun = 0;
    await workThrough({
      next: () => 1,
      others: () => false,
      goOn: () => begun < 3,
      places: pLimit(1),
      onFailure: () => undefined,
      work: () => {
        begun += 1;
        return pause();
      },
    });
    expect(begun).toBe(3);
  });

  it('fails with the first failure, says so at once, and leaves nothing behind', async () => {
    const told: unknown[] = [];
    let busy = 0;
    let begun = 0;
    const works = workThrough({
      next: () => (begun += 1),
      others: () => false,
      goOn: () => true,
      places: pLimit(2),
      onFailure: (error) => told.push(error),
      work: async (item) => {
        busy += 1;
        await pause();
        busy -= 1;
        if (item === 2) throw new Error('broken');
      },
    });
    await expect(works).rejects.toThrow('broken');
    expect(told).toHaveLength(1);
    expect(busy).toBe(0);
    expect(begun).toBeLessThan(5);
  });
});
