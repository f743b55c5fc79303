import { describe, expect, it } from 'vitest';
import { parseToken, tokenText } from '../../../src/crash/planned.ts';

const token = {
  scenario: 'ab-upgrade',
  machine: 'qemuarm64',
  inputs: '5606e4021500',
  log: '8f3a2c1d9e00',
  state: 'p1.197.none/88.head3of12',
} as const;

describe('a replay token', () => {
  it('comes back as it went, with digests shortened', () => {
    const text = tokenText(token);
    expect(text).toBe('ab-upgrade:qemuarm64:5606e40215:8f3a2c1d9e:p1.197.none/88.head3of12');
    expect(parseToken(text)).toEqual({ ...token, inputs: '5606e40215', log: '8f3a2c1d9e' });
  });

  it('needs no quotes on a command line', () => {
    expect(tokenText({ ...token, state: 'p2.5.lost1-3+7' })).toMatch(/^[\w.:/+-]+$/);
  });

  it.each([
    '',
    'x',
    'a:qemuarm65:5606e40215:8f3a2c1d9e:p1.1',
    'a:qemuarm64:5606:8f3a2c1d9e:p1.1',
    '../x:qemuarm64:5606e40215:8f3a2c1d9e:q',
  ])('refuses "%s" and says what one looks like', (text) =>
    expect(() => parseToken(text)).toThrow(/is no replay token/),
  );
});
