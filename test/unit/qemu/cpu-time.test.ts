import { expect, it } from 'vitest';
import { CpuTime, parseCpuSeconds } from '../../../src/qemu/cpu-time.ts';

it('reads utime and stime behind a name with blanks and brackets', () => {
  const stat = '42 (qemu) S 1 (x) S 1 2 3 4 5 6 7 8 9 10 250 31 0 0 20 0 4 0 123';
  expect(parseCpuSeconds(stat)).toBeCloseTo(2.81);
});

it('knows nothing of an empty file', () => {
  expect(parseCpuSeconds('')).toBeUndefined();
});

it('keeps the last figure of a process that is gone', () => {
  const time = new CpuTime(process.pid);
  time.sample();
  time.stop();
  expect(time.seconds).toBeGreaterThan(0);
  const gone = new CpuTime(2 ** 30);
  gone.sample();
  gone.stop();
  expect(gone.seconds).toBe(0);
});
