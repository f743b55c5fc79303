import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../src/scenario/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '60', 's', '-1s', '1 s', '1e3s', '60S', '1m30s', '9999999s', '1.s'])(
    '"%s" is no duration',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});
