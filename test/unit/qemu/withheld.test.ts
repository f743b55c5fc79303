import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  isStopped,
  parseWaited,
  type SchedulerSample,
  Withheld,
  WorstStretch,
  watchedThreads,
  withheldBetween,
  worse,
} from '../../../src/qemu/withheld.ts';

function sample(at: number, waits: Record<string, number>, stopped = false): SchedulerSample {
  return { at, stopped, waitedMs: new Map(Object.entries(waits)) };
}

it.each([
  ['an idle guest', sample(0, { vcpu: 5 }), sample(500, { vcpu: 5 }), 0],
  ['a guest that ran all the time', sample(0, { vcpu: 5 }), sample(500, { vcpu: 6 }), 1],
  ['a guest that waited', sample(0, { vcpu: 5 }), sample(500, { vcpu: 405 }), 400],
  ['the thread that waited longest', sample(0, { a: 0, b: 0 }), sample(500, { a: 100, b: 300 }), 300],
  ['a thread that is new', sample(0, {}), sample(500, { a: 100 }), 100],
  ['never more than the time that passed', sample(0, { a: 0 }), sample(500, { a: 900 }), 500],
  ['a thread that is gone', sample(0, { a: 900 }), sample(500, {}), 0],
  ['a guest that was stopped', sample(0, { a: 0 }, true), sample(500, { a: 0 }, true), 500],
  ['a guest of a harness that was stopped', sample(0, { a: 0 }), sample(60_000, { a: 3 }), 59_500],
  ['a guest of a harness that was a little late', sample(0, { a: 0 }), sample(900, { a: 3 }), 3],
  ['a guest that was stopped just now', sample(0, { a: 0 }), sample(500, { a: 0 }, true), 0],
])('of %s', (_, before, after, withheld) => {
  expect(withheldBetween(before, after)).toBe(withheld);
});

it('reads what proc says', () => {
  expect(parseWaited('267035904 2706302961 534')).toBeCloseTo(2706.302961);
  expect(parseWaited('')).toBe(0);
  expect(isStopped('12 (a) T b) S 1')).toBe(false);
  expect(isStopped('12 (qemu (x)) T 1')).toBe(true);
});

it('counts the time for which a process was stopped', async () => {
  const child = spawn('sleep', ['60']);
  try {
    await once(child, 'spawn');
    const withheld = new Withheld(child.pid ?? 0);
    child.kill('SIGSTOP');
    await sleep(100);
    const before = withheld.ms;
    await sleep(400);
    expect(withheld.ms - before).toBeGreaterThan(350);
    withheld.stop();
  } finally {
    child.kill('SIGKILL');
  }
});

it.each([
  ['a host that gave it all that it wanted', () => 0, { passedMs: 10_000, withheldMs: 0 }],
  ['one that took half of it', (at: number) => at / 2, { passedMs: 10_000, withheldMs: 5000 }],
  [
    'one that took all of it for a while, long ago',
    (at: number) => Math.min(8000, Math.max(0, at - 60_000)),
    { passedMs: 10_000, withheldMs: 8000 },
  ],
  [
    'one that took it for two moments far from each other',
    (at: number) => (at > 20_000 ? 4000 : 0) + (at > 80_000 ? 4000 : 0),
    { passedMs: 10_000, withheldMs: 4000 },
  ],
])('the ten seconds that were the worst of %s', (_, withheldAt, worst) => {
  const stretches = new WorstStretch();
  for (let at = 0; at <= 120_000; at += 500) stretches.add(at, withheldAt(at));
  expect(stretches.stretch).toEqual(worst);
});

it('says nothing of less than ten seconds', () => {
  const stretches = new WorstStretch();
  for (let at = 0; at < 10_000; at += 500) stretches.add(at, at);
  expect(stretches.stretch).toBeUndefined();
});

it('the worse of two power cycles', () => {
  const [bad, good] = [
    { passedMs: 20_000, withheldMs: 12_000 },
    { passedMs: 10_000, withheldMs: 5500 },
  ];
  expect([worse(good, bad), worse(bad, good), worse(undefined, good), worse(bad, undefined)]).toEqual([
    bad,
    bad,
    good,
    bad,
  ]);
});

it("looks at the threads of the process, and at this program's own, which serves its disks", async () => {
  const child = spawn('sleep', ['60']);
  try {
    await once(child, 'spawn');
    expect(watchedThreads(child.pid ?? 0)).toEqual([
      `/proc/${child.pid}/task/${child.pid}`,
      `/proc/self/task/${process.pid}`,
    ]);
  } finally {
    child.kill('SIGKILL');
  }
});
