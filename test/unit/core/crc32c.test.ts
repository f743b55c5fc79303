import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/core/crc32c.ts';

const inverted = (bytes: Uint8Array) => (crc32c(0xffffffff, bytes) ^ 0xffffffff) >>> 0;

describe('crc32c', () => {
  it.each([
    ['123456789', 0xe3069283],
    // RFC 3720, appendix B.4.
    ['\0'.repeat(32), 0x8a9136aa],
    ['\xff'.repeat(32), 0x62a8ab43],
  ])('%j', (text, sum) => {
    expect(inverted(Buffer.from(text, 'latin1'))).toBe(sum);
  });

  it('goes on from where another sum ended, at any offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(), (bytes, cut, seed) => {
        const at = Math.min(cut, bytes.length);
        expect(crc32c(crc32c(seed, bytes, 0, at), bytes, at)).toBe(crc32c(seed, bytes));
        expect(crc32c(seed, bytes.subarray(at))).toBe(crc32c(seed, bytes, at));
      }),
    );
  });
});
