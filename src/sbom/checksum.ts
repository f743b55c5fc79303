/** A checksum in the words of SPDX 2.3. */
export interface Checksum {
  algorithm: string;
  /** Hex, lower case. */
  value: string;
}

/** SPDX 2.3's names (clause 7.10) and those of SPDX 3.0.1's HashAlgorithm; only what both know is kept. */
const algorithms: readonly [spdx2: string, spdx3: string][] = [
  ['SHA1', 'sha1'],
  ['SHA224', 'sha224'],
  ['SHA256', 'sha256'],
  ['SHA384', 'sha384'],
  ['SHA512', 'sha512'],
  ['SHA3-256', 'sha3_256'],
  ['SHA3-384', 'sha3_384'],
  ['SHA3-512', 'sha3_512'],
  ['BLAKE2b-256', 'blake2b256'],
  ['BLAKE2b-384', 'blake2b384'],
  ['BLAKE2b-512', 'blake2b512'],
  ['BLAKE3', 'blake3'],
  ['MD5', 'md5'],
];

/** A checksum as a document of either version has it; undefined where it is none. */
export function checksumOf(algorithm: string, value: string): Checksum | undefined {
  const known = algorithms.find((names) => names.includes(algorithm))?.[0];
  if (known === undefined || !/^[0-9a-fA-F]{32,128}$/.test(value)) return undefined;
  return { algorithm: known, value: value.toLowerCase() };
}

/** SPDX 3's name of an algorithm that `checksumOf` gave. */
export function spdx3Algorithm({ algorithm }: Checksum): string {
  return algorithms.find(([name]) => name === algorithm)?.[1] ?? 'other';
}
