import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Deadline, DeadlinePassed, withDeadline } from '../../../src/core/deadline.ts';

/** Computes, so that nothing else gets its turn. */
function compute(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('a deadline that passes while this program computes', () => {
  it('leaves work that has ended meanwhile its turn', async () => {
    const work = async () => {
      for (let i = 0; i < 3; i += 1) await stat('/');
      return 'done';
    };
    const waited = withDeadline('work', Deadline.after(30), undefined, work);
    compute(150);
    expect(await waited).toBe('done');
  });

  it('ends what goes on after that, too', async () => {
    const began = performance.now();
    const waited = withDeadline('work', Deadline.after(30), undefined, () => new Promise(() => undefined));
    compute(100);
    await expect(waited).rejects.toThrow(DeadlinePassed);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
