import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { Deadline, withDeadline } from '../../../src/core/deadline.ts';
import { excused, fairly, isStarved } from '../../../src/target/fair-limit.ts';

/** A machine that gets so much of the CPU that it wants. */
function machine(share: number) {
  const began = performance.now();
  return {
    get withheldMs() {
      return (performance.now() - began) * (1 - share);
    },
  };
}

const takes = (ms: number) => async (deadline: Deadline, signal: AbortSignal) =>
  withDeadline('the boot', deadline, signal, async () => {
    await sleep(ms);
    return 'up';
  });

it('a device on a host that gives it all it wants has its limit and no more', async () => {
  const late = fairly(machine(1), Deadline.after(200), undefined, takes(1000));
  await expect(late).rejects.toThrow('the boot took longer than 0.2 s');
});

it('a slow host gives a device more time', async () => {
  expect(await fairly(machine(0.3), Deadline.after(300), undefined, takes(600))).toBe('up');
});

it('a host that lets a device run for a quarter of the time lets it fail four times as late', async () => {
  const began = performance.now();
  const late = fairly(machine(0.25), Deadline.after(200), undefined, takes(5000));
  await expect(late).rejects.toThrow('the boot took longer than 0.2 s');
  expect(performance.now() - began).toBeGreaterThan(700);
});

it('a host that lets a device not run at all is the one that failed', async () => {
  const never = fairly(machine(0), Deadline.after(200), undefined, takes(5000));
  await expect(never).rejects.toMatchObject({ kind: 'harness', code: 'host-starved' });
});

it.each([
  [1000, 0, false],
  [1000, 400, false],
  [1000, 500, true],
  [0, 0, false],
])('of %i ms waited and %i withheld, the host is to blame: %s', (waited, withheld, starved) => {
  expect(isStarved(waited, withheld)).toBe(starved);
});

it.each([
  [
    'a command that fails after a time-out of its own, on a host that kept the CPU from it',
    1,
    60_000,
    0.8,
    'host-starved',
  ],
  ['one that fails on a host that gave it all it wanted', 1, 60_000, 0, undefined],
  ['one that fails sooner than any time-out', 1, 5_000, 0.8, undefined],
  ['one that ends well, however late', 0, 60_000, 0.8, undefined],
])('%s', async (_, exitCode, tookMs, share, code) => {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  try {
    const starved = {
      get withheldMs() {
        return now * share;
      },
    };
    const output = await excused(starved, () => {
      now = tookMs;
      return Promise.resolve({ exitCode, stdout: 'trying\n', stderr: 'timed out\n', truncated: false });
    });
    const message = expect.stringContaining(
      `a command ended with ${exitCode}: trying\n\ntimed out`,
    ) as string;
    expect(output.starved).toEqual(
      code === undefined ? undefined : expect.objectContaining({ kind: 'harness', code, message }),
    );
  } finally {
    clock.mockRestore();
  }
});
