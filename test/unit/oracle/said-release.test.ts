import { describe, expect, it } from 'vitest';
import { cameUpAgain, checkSaid } from '../../../src/oracle/said-release.ts';

const expected = { '1.0': 'gateway 1.0\n', '2.0': 'gateway 2.0' };

describe('checkSaid', () => {
  it('takes what is expected of an allowed release, whatever blanks are around it', () => {
    expect(checkSaid(' gateway 1.0\n', expected, ['1.0'])).toEqual({
      release: '1.0',
      result: { verdict: 'passed', message: '1.0, by what the device says' },
    });
  });

  it('fails another release', () => {
    expect(checkSaid('gateway 1.0', expected, ['2.0'])).toEqual({
      release: '1.0',
      result: {
        verdict: 'failed',
        code: 'release-unexpected',
        message: 'the device says "gateway 1.0", which is 1.0; expected 2.0',
      },
    });
  });

  it('fails what is of no release: a device may be between two', () => {
    expect(checkSaid('gateway', expected, ['1.0', '2.0'])).toEqual({
      release: undefined,
      result: {
        verdict: 'failed',
        code: 'release-mixed',
        message:
          'the device says "gateway", which is no release; expected "gateway 1.0\\n" of 1.0 or "gateway 2.0" of 2.0',
      },
    });
  });
});

describe('cameUpAgain', () => {
  it('wants a reset of a device that has tried a release', () => {
    expect(cameUpAgain('2.0', 0)).toMatchObject({ verdict: 'failed', code: 'not-tried' });
    expect(cameUpAgain('2.0', 3)).toMatchObject({ verdict: 'passed' });
  });
});
