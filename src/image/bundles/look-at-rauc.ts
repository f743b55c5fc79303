import type { ByteSource } from '../../package/archive/byte-source.ts';
import { endsWithSignature, whatItIs } from './told-apart.ts';

/** squashfs 4.0: `s_magic` and `bytes_used`. */
const squashfs = { magic: Buffer.from('hsqs'), usedAt: 40, headBytes: 96 };

/**
 * Why a file is no bundle of RAUC (1.13, docs "Bundle Formats"), whose last 8 bytes are the length of the CMS signature before
 * them; undefined where nothing shows it. What is before the signature is a squashfs, or one that is encrypted.
 */
export async function lookAtRauc(file: ByteSource): Promise<string | undefined> {
  if (await endsWithSignature(file)) return undefined;
  const head = file.bytes < squashfs.headBytes ? undefined : await file.read(0, squashfs.headBytes);
  if (head?.subarray(0, 4).equals(squashfs.magic) !== true)
    return `it is ${await whatItIs(file)}, and no bundle of RAUC`;
  const used = head.readBigUInt64LE(squashfs.usedAt);
  return used > BigInt(file.bytes)
    ? `it is cut short: its squashfs has ${used} bytes, of which ${file.bytes} are there`
    : 'it has no CMS signature at its end, which a bundle of RAUC ends with: it is cut short, or was never signed';
}
