import { describe, expect, it } from 'vitest';
import { checkFiles, filesOf } from '../../../src/oracle/release-files.ts';

const expected: Record<string, string> = { '/usr/bin/a': 'aa', '/usr/bin/b': 'bb' };
const whole = new Map<string, string | undefined>(Object.entries(expected));
const seen = { slot: 'A', root: '/dev/A', version: '1.1' };
const look = { hasSlots: true, expected, digests: whole, allowed: ['1.0', '1.1'] };

describe('a release that is told by files', () => {
  it('is the one whose files are all there', () => {
    expect(checkFiles(seen, look)).toEqual({
      running: { release: '1.1', slot: 'A' },
      result: { verdict: 'passed', message: '1.1 in slot A, all of 2 files' },
    });
  });

  it.each<[string, Partial<typeof seen>, Partial<typeof look>, RegExp]>([
    [
      'release-mixed',
      {},
      {
        digests: new Map([
          ['/usr/bin/a', 'aa'],
          ['/usr/bin/b', undefined],
        ]),
      },
      /b is not there$/,
    ],
    [
      'release-mixed',
      {},
      {
        digests: new Map([
          ['/usr/bin/a', 'x'],
          ['/usr/bin/b', 'bb'],
        ]),
      },
      /a has other content$/,
    ],
    ['release-mixed', { version: '7' }, { expected: {} }, /calls itself 7, which is no release/],
    ['release-unexpected', {}, { allowed: ['1.0'] }, /runs 1\.1 in slot A; expected 1\.0/],
  ])('%s', (code, system, other, message) => {
    const { result } = checkFiles({ ...seen, ...system }, { ...look, ...other });
    expect(result).toMatchObject({
      verdict: 'failed',
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('is not known of a system that runs from nowhere, unless there are no slots', () => {
    const nowhere = { slot: undefined, root: '/dev/C', version: '1.1' };
    expect(checkFiles(nowhere, look).result).toMatchObject({ code: 'unknown-slot' });
    expect(checkFiles(nowhere, { ...look, hasSlots: false }).result).toMatchObject({ verdict: 'passed' });
  });

  it("has no files that are the owner's", () => {
    const content = { kind: 'files' as const, files: expected };
    expect(filesOf({ content }, ['/usr/bin/b'])).toEqual({ '/usr/bin/a': 'aa' });
    expect(filesOf({ content: { kind: 'unknown' } }, [])).toEqual({});
    expect(filesOf(undefined, [])).toEqual({});
  });
});
