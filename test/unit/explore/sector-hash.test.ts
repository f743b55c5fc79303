import { describe, expect, it } from 'vitest';
import { hashSector, hashWords } from '../../../src/explore/sector-hash.ts';

function hash(bytes: Uint8Array): string {
  const into = new Int32Array(hashWords);
  hashSector(new Int32Array(Uint8Array.from(bytes).buffer), into);
  return Buffer.from(into.buffer).toString('hex');
}

describe('hashSector', () => {
  // From mmh3 5.2 for Python: hash_bytes(data, 0, x64arch=False).
  it.each([
    ['sixteen bytes', Buffer.from('0123456789abcdef'), '09447dfb0ad3ae369b1dad48fd3b2b57'],
    ['zeros', Buffer.alloc(512), 'da9c21753dd921d5ab9f51deec1b5ea7'],
    ['a pattern', Uint8Array.from({ length: 512 }, (_, i) => i * 7), '457ced1b580863031f0354002c5e9906'],
  ])('is MurmurHash3_x86_128: %s', (_, bytes, expected) => expect(hash(bytes)).toBe(expected));

  it('differs where one bit does', () => {
    const hashes = new Set<string>([hash(Buffer.alloc(512))]);
    for (let bit = 0; bit < 4096; bit += 1) {
      const sector = Buffer.alloc(512);
      sector.writeUInt8(1 << (bit & 7), bit >> 3);
      hashes.add(hash(sector));
    }
    expect(hashes.size).toBe(4097);
  });
});
