import { describe, expect, it } from 'vitest';
import type { ConfigurationPromise } from '../../../src/model/configuration.ts';
import { checkConfiguration } from '../../../src/oracle/configuration.ts';
import type { FileState, OwnedFile } from '../../../src/oracle/observation.ts';
import type { Shipped, ShippedFile } from '../../../src/oracle/shipped.ts';
import { withCode } from '../../support/errors.ts';
import { owned, path, shipped, state } from './files.ts';

const strict: ConfigurationPromise = { edited: 'preserved', deleted: 'stay-deleted' };

function check(
  before: OwnedFile,
  after: FileState,
  promise: Partial<ConfigurationPromise> = {},
  shippedBefore?: Shipped,
  shippedNow: readonly (Shipped | undefined)[] = [undefined],
) {
  return checkConfiguration([before], [after], {
    promise: { ...strict, ...promise },
    shippedBefore,
    shippedNow,
  });
}

const ships =
  (file: ShippedFile): Shipped =>
  () =>
    file;

describe('checkConfiguration', () => {
  it('passes equal bytes, mode and ownership, and a file that stays deleted', () => {
    expect(check(owned('a\n'), state('a\n'))).toMatchObject({ verdict: 'passed', message: '1 preserved' });
    expect(check(owned(undefined, 'a'), state(undefined)).verdict).toBe('passed');
  });

  it.each([
    ['one byte', owned('gateway-7\n'), state('gateway-8\n'), 'lost', 'differs from byte 8 on'],
    ['truncated', owned('gateway-7\n'), state(''), 'lost', 'differs from byte 0 on (10 bytes before, 0 now)'],
    ['gone', owned('a'), state(undefined), 'lost', 'is gone'],
    ['back', owned(undefined), state('a'), 'changed', 'is back'],
    ['mode', owned('a', 'a', '600 0:0'), state('a'), 'changed', 'has access 644 0:0, not 600 0:0'],
    [
      'merged',
      owned('b\n', 'a\n'),
      state('b\nc\n'),
      'changed',
      "though all of the owner's changes are in it",
    ],
    [
      'replaced',
      owned('a'),
      state('b', { '.rpmsave': 'a' }),
      'changed',
      'what the owner had is in /etc/app.conf.rpmsave',
    ],
  ])('strictly fails what is %s', (_, before, after, code, message) => {
    const result = check(before, after);
    expect(result).toMatchObject({ verdict: 'failed', code: `configuration-${code}` });
    expect(result.message).toContain(message);
  });

  const merged = [owned('b\n', 'a\n'), state('b\nc\n')] as const;
  const replaced = [owned('a'), state('b', { '.rpmsave': 'a' })] as const;
  const chmod = [owned('a', 'a', '600 0:0'), state('a')] as const;
  const lost = [owned('a'), state('b')] as const;
  const back = [owned(undefined, 'a'), state('a')] as const;
  it.each([
    ['merged', merged, { edited: 'merged' }, 'passed'],
    ['merged', merged, { edited: 'kept-somewhere' }, 'passed'],
    ['replaced', replaced, { edited: 'merged' }, 'failed'],
    ['replaced', replaced, { edited: 'kept-somewhere' }, 'passed'],
    ['of another mode', chmod, { edited: 'merged' }, 'failed'],
    ['of another mode', chmod, { edited: 'kept-somewhere' }, 'passed'],
    ['lost', lost, { edited: 'kept-somewhere', deleted: 'may-return' }, 'failed'],
    ['back', back, { edited: 'kept-somewhere' }, 'failed'],
    ['back', back, { deleted: 'may-return' }, 'passed'],
  ] as const)('decides by the promise what is %s: %#', (_, [before, after], promise, verdict) => {
    expect(check(before, after, promise).verdict).toBe(verdict);
  });

  it('fails a default that stays behind, whatever the promise', () => {
    const now = ships(shipped('new'));
    const promise = { edited: 'kept-somewhere', deleted: 'may-return' } as const;
    const stale = check(owned('old'), state('old'), promise, ships(shipped('old')), [now]);
    expect(stale).toMatchObject({ verdict: 'failed', code: 'configuration-changed' });
    expect(stale.message).toContain('is still the old default');
    expect(check(owned('old'), state('new'), {}, ships(shipped('old')), [now]).verdict).toBe('passed');
  });

  it('takes what any of the releases makes right that may run', () => {
    const [old, now] = [ships(shipped('old')), ships(shipped('new'))];
    for (const content of ['old', 'new'])
      expect(check(owned('old'), state(content), {}, old, [old, now]).files[0]?.fate).toBe('default');
    expect(check(owned('old'), state('ne'), {}, old, [old, now]).code).toBe('configuration-lost');
  });

  it('tells apart what is lost, what is in a copy of a file that is nobody’s, and what is merely changed', () => {
    const [old, now] = [ships(shipped('old')), ships(shipped('new'))];
    const code = (before: OwnedFile, after: FileState) => check(before, after, {}, old, [now]).code;
    expect(code(...lost)).toBe('configuration-lost');
    expect(code(owned('a'), state('half', { '.rpmsave': 'a' }))).toBe('configuration-damaged');
    expect(code(...chmod)).toBe('configuration-changed');
  });

  it('is an error of the harness where nobody looked, or where it is judged by no release', () => {
    const terms = { promise: strict, shippedBefore: undefined, shippedNow: [undefined] };
    expect(() => checkConfiguration([owned('a')], [state('a')], { ...terms, shippedNow: [] })).toThrow(
      withCode('no-release'),
    );
    expect(() => checkConfiguration([owned('a')], [], terms)).toThrow(
      withCode('not-observed', `nobody looked at ${path}`),
    );
  });
});
