import { createCipheriv, createHash } from 'node:crypto';

/** Bytes that look random and depend on the seed only (AES-128-CTR over zeroes). */
export function seededBytes(seed: string, bytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
