import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseStored } from '../../../src/core/stored.ts';

const schema = z.object({
  format: z.literal('brownout test 1'),
  levels: z.array(z.object({ log: z.string(), kind: z.enum(['a', 'b']) })),
});
const stored = (value: unknown) => () => parseStored(JSON.stringify(value), schema);

describe('a stored file', () => {
  it('is read as its schema says', () => {
    const value = { format: 'brownout test 1', levels: [{ log: '', kind: 'a' }] };
    expect(stored(value)()).toEqual(value);
  });

  it.each([
    [
      { format: 'brownout test 2', levels: [] },
      'format: expected "brownout test 1", found "brownout test 2"',
    ],
    [{ levels: [] }, 'format: expected "brownout test 1", found nothing'],
    [
      { format: 'brownout test 1', levels: [{ log: 1, kind: 'a' }] },
      'levels[0].log: expected string, received number',
    ],
    [
      { format: 'brownout test 1', levels: [{ log: '', kind: 'c' }] },
      'levels[0].kind: expected one of "a"|"b", found "c"',
    ],
    [
      { format: 'brownout test 1', levels: [{}] },
      'levels[0].log: expected string, received undefined, and 1 more',
    ],
    [[], 'expected object, received array'],
  ])('is refused with the name of the field: %j', (value, message) => {
    expect(stored(value)).toThrow(new Error(message));
  });

  it('is refused where it is no JSON', () => {
    expect(() => parseStored('{"format": "brown', schema)).toThrow(new Error('it is not JSON'));
  });
});
