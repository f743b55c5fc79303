/** 32-bit words of a sector's hash. */
export const hashWords = 4;

/**
 * Puts a 128-bit hash of the words of `data` (a multiple of four of them) into `into`: MurmurHash3_x86_128 with seed 0
 * (Austin Appleby, https://github.com/aappleby/smhasher, MurmurHash3.cpp). It need not withstand an attacker, and ten
 * times faster than a cryptographic hash of so few bytes is worth having: of a million different sectors, two have the
 * same hash with a probability of 10⁻²⁷.
 */
export function hashSector(data: Int32Array, into: Int32Array): void {
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  for (let i = 0; i < data.length; i += 4) {
    h1 ^= Math.imul(rotated(Math.imul(data[i] ?? 0, 0x239b961b), 15), 0xab0e9789);
    h1 = (Math.imul((rotated(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotated(Math.imul(data[i + 1] ?? 0, 0xab0e9789), 16), 0x38b34ae5);
    h2 = (Math.imul((rotated(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotated(Math.imul(data[i + 2] ?? 0, 0x38b34ae5), 17), 0xa1e38b93);
    h3 = (Math.imul((rotated(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotated(Math.imul(data[i + 3] ?? 0, 0xa1e38b93), 18), 0x239b961b);
    h4 = (Math.imul((rotated(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  const bytes = 4 * data.length;
  h2 ^= bytes;
  h3 ^= bytes;
  h4 ^= bytes;
  h1 = ((h1 ^ bytes) + h2 + h3 + h4) | 0;
  h2 = mixed((h2 + h1) | 0);
  h3 = mixed((h3 + h1) | 0);
  h4 = mixed((h4 + h1) | 0);
  h1 = (mixed(h1) + h2 + h3 + h4) | 0;
  into[0] = h1;
  into[1] = h2 + h1;
  into[2] = h3 + h1;
  into[3] = h4 + h1;
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function mixed(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
