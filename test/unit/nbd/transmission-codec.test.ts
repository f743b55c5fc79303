import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as codec from '../../../src/nbd/transmission-codec.ts';

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u16 = fc.integer({ min: 0, max: 0xffff });

describe('transmission codec', () => {
  it('brings requests back', () => {
    const request = fc.record({ flags: u16, command: u16, cookie: u64, offset: u64, length: u32 });
    fc.assert(
      fc.property(request, (sent) => {
        expect(codec.decodeRequest(codec.encodeRequest(sent))).toEqual(sent);
      }),
    );
  });

  it('lays a request out as the protocol says', () => {
    const sent = codec.encodeRequest({
      flags: 1,
      command: 1,
      cookie: 0x0102030405060708n,
      offset: 512n,
      length: 1024,
    });
    expect(sent.toString('hex')).toBe('25609513000100010102030405060708000000000000020000000400');
  });

  it('refuses a wrong magic number', () => {
    expect(codec.decodeRequest(Buffer.alloc(codec.requestBytes))).toBeUndefined();
    expect(() => codec.decodeReply(Buffer.alloc(20))).toThrow('magic');
  });

  it('brings simple replies back', () => {
    fc.assert(
      fc.property(u64, u32, (cookie, error) => {
        const sent = codec.encodeSimpleReply(cookie, error);
        expect(codec.decodeReply(sent)).toEqual({ reply: { kind: 'simple', cookie, error }, bytes: 16 });
      }),
    );
  });

  it('brings read chunks back, and waits for the whole of one', () => {
    fc.assert(
      fc.property(u64, u64, fc.uint8Array({ minLength: 1, maxLength: 600 }), (cookie, offset, array) => {
        const data = Buffer.from(array);
        const sent = Buffer.concat([codec.encodeReadChunk(cookie, offset, data.length), data]);
        expect(codec.decodeReply(Buffer.concat([sent, data]))).toEqual({
          reply: { kind: 'data', cookie, offset, data },
          bytes: sent.length,
        });
        expect(codec.decodeReply(sent.subarray(0, -1))).toBeUndefined();
        expect(codec.decodeReply(sent.subarray(0, 18))).toBeUndefined();
      }),
    );
  });

  it('brings error chunks back', () => {
    fc.assert(
      fc.property(u64, u32, fc.string({ maxLength: 1000 }), (cookie, error, message) => {
        const sent = codec.encodeErrorChunk(cookie, error, message);
        expect(codec.decodeReply(sent)).toEqual({
          reply: { kind: 'error', cookie, error, message },
          bytes: sent.length,
        });
      }),
    );
  });

  it('cuts an overlong error text', () => {
    expect(codec.encodeErrorChunk(0n, 5, 'x'.repeat(5000))).toHaveLength(26 + 1024);
  });
});
