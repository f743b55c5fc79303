import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as codec from '../../../src/nbd/handshake-codec.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 300 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const bytes = fc.uint8Array({ maxLength: 600 }).map((data) => Buffer.from(data));

describe('handshake codec', () => {
  it('brings options back', () => {
    fc.assert(
      fc.property(u32, bytes, (option, data) => {
        const sent = codec.encodeOption(option, data);
        expect(codec.decodeOptionHeader(sent)).toEqual({ option, length: data.length });
        expect(sent.subarray(codec.optionHeaderBytes)).toEqual(data);
      }),
    );
  });

  it('brings option replies back, also when more follows', () => {
    fc.assert(
      fc.property(u32, u32, bytes, bytes, (option, type, data, rest) => {
        const sent = codec.encodeOptionReply({ option, type, data });
        expect(codec.decodeOptionReply(Buffer.concat([sent, rest]))).toEqual({
          reply: { option, type, data },
          bytes: sent.length,
        });
        expect(codec.decodeOptionReply(sent.subarray(0, -1))).toBeUndefined();
      }),
    );
  });

  it('brings export requests back and refuses any other length', () => {
    fc.assert(
      fc.property(text, fc.array(u16, { maxLength: 20 }), (name, infos) => {
        const sent = codec.encodeGoRequest({ name, infos });
        expect(codec.decodeGoRequest(sent)).toEqual({ name, infos });
        expect(codec.decodeGoRequest(sent.subarray(0, -1))).toBeUndefined();
        expect(codec.decodeGoRequest(Buffer.concat([sent, Buffer.alloc(1)]))).toBeUndefined();
      }),
    );
  });

  it('brings metadata queries back and refuses any other length', () => {
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 10 }), (name, queries) => {
        const sent = codec.encodeMetaContextRequest({ name, queries });
        expect(codec.decodeMetaContextRequest(sent)).toEqual({ name, queries });
        expect(codec.decodeMetaContextRequest(sent.subarray(0, -1))).toBeUndefined();
        expect(codec.decodeMetaContextRequest(Buffer.concat([sent, Buffer.alloc(1)]))).toBeUndefined();
      }),
    );
  });

  it('never throws on foreign bytes', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        codec.decodeGoRequest(data);
        codec.decodeMetaContextRequest(data);
        codec.decodeOptionReply(data);
      }),
    );
  });

  it('lays the fixed messages out as the protocol says', () => {
    expect(codec.encodeGreeting(3).toString('latin1')).toBe('NBDMAGICIHAVEOPT\x00\x03');
    expect(codec.encodeInfoExport({ bytes: 2 ** 40, flags: 0x6d }).toString('hex')).toBe(
      '00000000010000000000006d',
    );
    expect(codec.encodeInfoBlockSize().toString('hex')).toBe('0003000000010000100002000000');
    expect(codec.encodeInfoName('disk').toString('latin1')).toBe('\x00\x01disk');
    const old = codec.encodeExportNameReply({ bytes: 512, flags: 1 }, false);
    expect(old).toHaveLength(134);
    expect(old.subarray(0, 10)).toEqual(codec.encodeExportNameReply({ bytes: 512, flags: 1 }, true));
  });
});
