import { describe, expect, it } from 'vitest';
import { checkFiles, variantsOf } from '../../../src/oracle/release-files.ts';

const expected: Record<string, string> = { '/usr/bin/a': 'aa', '/usr/bin/b': 'bb' };
const whole = new Map<string, string | undefined>(Object.entries(expected));
const seen = { slot: 'A', root: '/dev/A', version: '1.1' };
const variants = [{ release: '1.1', files: expected }];
const look = { hasSlots: true, variants, digests: whole, allowed: ['1.0', '1.1'] };

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
    ['release-mixed', { version: '7' }, { variants: [] }, /calls itself 7, which is no release/],
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

  it('is, of those that a system does not tell apart, the one whose files are there', () => {
    const other = { release: '1.1+app-2', files: { ...expected, '/usr/bin/b': 'cc' } };
    const both = { ...look, variants: [...variants, other], allowed: ['1.1+app-2'] };
    const changed = new Map([...whole, ['/usr/bin/b', 'cc']]);
    expect(checkFiles(seen, { ...both, digests: changed })).toEqual({
      running: { release: '1.1+app-2', slot: 'A' },
      result: { verdict: 'passed', message: '1.1+app-2 in slot A, all of 2 files' },
    });
    expect(checkFiles(seen, both)).toMatchObject({
      running: { release: '1.1' },
      result: { code: 'release-unexpected' },
    });
    const neither = new Map([['/usr/bin/b', 'cc']]);
    expect(checkFiles(seen, { ...both, digests: neither })).toMatchObject({
      running: { release: undefined },
      result: {
        code: 'release-mixed',
        message: 'slot A calls itself 1.1, but its files are not those of 1.1+app-2: /usr/bin/a is not there',
      },
    });
  });

  it("is compared by its own files and those of its variants, without the owner's", () => {
    const content = { kind: 'files' as const, files: expected };
    const releases = {
      '1.1': { content },
      '1.1+app-2': { content: { ...content, system: '1.1' } },
      '2.0': { content },
      other: { content: { kind: 'unknown' as const } },
    };
    const files = { '/usr/bin/a': 'aa' };
    expect(variantsOf(releases, '1.1', ['/usr/bin/b'])).toEqual([
      { release: '1.1', files },
      { release: '1.1+app-2', files },
    ]);
    expect(variantsOf(releases, '1.1+app-2', [])).toEqual([]);
    expect(variantsOf(releases, 'other', [])).toEqual([]);
  });
});
