/** Reversed Castagnoli polynomial (RFC 3720, appendix B.4). */
const polynomial = 0x82f63b78;
const slices = 8;

/** `tables[256 * k + b]`: what byte `b` does to the sum when `k` zero bytes follow it. */
const tables = makeTables();

function makeTables(): Int32Array {
  const table = new Int32Array(256 * slices);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    table[byte] = crc;
  }
  for (let i = 256; i < table.length; i += 1) {
    const before = table[i - 256] ?? 0;
    table[i] = (before >>> 8) ^ (table[before & 0xff] ?? 0);
  }
  return table;
}

/**
 * CRC-32C as the Linux kernel's `crc32c()`: the sum of `bytes` continued from `seed`, inverted neither before nor
 * after. Slicing by eight (Kounavis and Berry, 2005), for it runs over many MiB of journals.
 */
export function crc32c(seed: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  const t = tables;
  let crc = seed | 0;
  let at = start;
  for (; at + slices <= end; at += slices) {
    const low =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    crc =
      (t[1792 + (low & 0xff)] as number) ^
      (t[1536 + ((low >>> 8) & 0xff)] as number) ^
      (t[1280 + ((low >>> 16) & 0xff)] as number) ^
      (t[1024 + (low >>> 24)] as number) ^
      (t[768 + (bytes[at + 4] as number)] as number) ^
      (t[512 + (bytes[at + 5] as number)] as number) ^
      (t[256 + (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number);
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return crc >>> 0;
}
