import { describe, expect, it } from 'vitest';
import { checkConfiguration } from '../../../src/oracle/configuration.ts';
import type { FileState } from '../../../src/oracle/observation.ts';

const file = (content: string, access = '644 0:0'): FileState => ({
  path: '/etc/hostname',
  content: Buffer.from(content),
  access,
});
const absent: FileState = { path: '/etc/hostname', content: undefined, access: undefined };

describe('checkConfiguration', () => {
  it('passes equal bytes, mode and ownership, and a file that stays deleted', () => {
    expect(checkConfiguration([file('a\n')], [file('a\n')]).verdict).toBe('passed');
    expect(checkConfiguration([absent], [absent]).verdict).toBe('passed');
  });

  it.each([
    ['one byte', file('gateway-7\n'), file('gateway-8\n'), 'differs from byte 8 on'],
    ['truncated', file('gateway-7\n'), file(''), 'differs from byte 0 on (10 bytes before, 0 now)'],
    ['gone', file('a'), absent, 'is gone'],
    ['back', absent, file('a'), 'is back'],
    ['mode', file('a', '600 0:0'), file('a', '644 0:0'), 'has access 644 0:0, not 600 0:0'],
  ])('fails when %s', (_, before, after, message) => {
    const result = checkConfiguration([before], [after]);
    expect(result).toMatchObject({ verdict: 'failed', code: 'configuration-lost' });
    expect(result.message).toContain(message);
  });

  it('fails a file that was not looked at', () => {
    expect(checkConfiguration([file('a')], []).verdict).toBe('failed');
  });
});
