import { createHash } from 'node:crypto';
import { type ByteSource, chunks } from '../archive/byte-source.ts';
import { type Compression, decompress } from '../archive/compression.ts';
import { Damage, within } from '../archive/damage.ts';
import { limits } from '../archive/limits.ts';
import {
  hasRegion,
  headerLength,
  introBytes,
  numbersOf,
  parseHeader,
  type RpmHeader,
  textOf,
} from './header.ts';
import { digestAlgorithms, signatureTags, tags } from './tags.ts';

/** How a payload may be compressed. */
export type RpmCompression = Extract<Compression, 'gz' | 'xz' | 'zst'>;

/** An rpm as a file: lead, signature, header, payload (rpm 4.18, docs/manual/format.md). */
export interface RpmFile {
  lead: Buffer;
  signature: RpmHeader;
  header: RpmHeader;
  /** Bytes of the file where the header begins and where it ends, which is where the payload begins. */
  headerStart: number;
  payloadStart: number;
  /** Of the payload unpacked; 0 where nothing says it. */
  unpackedBytes: number;
  /** Written by rpm 3 (rpm 4.18, lib/package.c, `applyRetrofits`). */
  isOld: boolean;
}

const leadBytes = 96;
const leadMagic = 'edabeedb';
/** Of the names that rpm uses (rpmio/rpmio.c); `lzma` and `bzip2` are of times before Yocto used rpm 4. */
const compressions: Readonly<Record<string, RpmCompression>> = {
  gzip: 'gz',
  xz: 'xz',
  zstd: 'zst',
};

/**
 * Reads all of an rpm but its payload, which must be there whole. The header must be what the signature's SHA-256 or
 * else SHA-1 says, where it says one; who signed it is not asked. Throws Damage.
 */
export async function readRpmFile(source: ByteSource): Promise<RpmFile> {
  const lead = await source.read(0, Math.min(source.bytes, leadBytes));
  if (lead.toString('hex', 0, 4) !== leadMagic) throw new Damage('byte 0: not an rpm');
  if (lead.length < leadBytes) throw new Damage('the file ends within its lead');
  if (lead.readUInt16BE(6) !== 0) throw new Damage('a source package; only binary packages are read');
  const signatureBytes = await readHeader(source, leadBytes, limits.signatureBytes, 'signature');
  const headerStart = leadBytes + signatureBytes.length + (-signatureBytes.length & 7);
  const headerBytes = await readHeader(source, headerStart, limits.headerBytes, 'header');
  const payloadStart = headerStart + headerBytes.length;
  const { signature, size, unpackedBytes } = await within('signature', () =>
    readSignature(signatureBytes, headerBytes),
  );
  if (size !== undefined && size !== source.bytes - headerStart)
    throw new Damage(
      `the signature says ${size} bytes from byte ${headerStart} on, and the file has ${source.bytes - headerStart}`,
    );
  return within('header', () => {
    const header = parseHeader(headerBytes);
    // rpm 3 said it in the header.
    const bytes = unpackedBytes ?? numbersOf(header, tags.archiveSize)[0] ?? 0;
    const isOld = !hasRegion(headerBytes);
    return { lead, signature, header, headerStart, payloadStart, unpackedBytes: bytes, isOld };
  });
}

function readSignature(bytes: Buffer, header: Buffer) {
  const signature = parseHeader(bytes, 'signature');
  checkDigest(signature, header);
  const number = (...of: number[]) => of.flatMap((tag) => numbersOf(signature, tag))[0];
  return {
    signature,
    size: number(signatureTags.longSize, signatureTags.size),
    unpackedBytes: number(signatureTags.longPayloadSize, signatureTags.payloadSize),
  };
}

async function readHeader(source: ByteSource, at: number, limit: number, what: string): Promise<Buffer> {
  return within(`${what} (at byte ${at})`, async () => {
    const length = headerLength(await source.read(at, introBytes), limit);
    if (at + length > source.bytes) throw new Damage('the file ends within it');
    return source.read(at, length);
  });
}

function checkDigest(signature: RpmHeader, header: Buffer): void {
  for (const [tag, algorithm] of [
    [signatureTags.sha256, 'sha256'],
    [signatureTags.sha1, 'sha1'],
  ] as const) {
    const said = textOf(signature, tag);
    if (said === undefined) continue;
    const is = createHash(algorithm).update(header).digest('hex');
    if (is !== said) throw new Damage(`the header's ${algorithm} is ${is}, and this says ${said}`);
    return;
  }
}

/** How the payload is compressed. Throws Damage for what is not supported. */
export function compressionOfRpm(header: RpmHeader): RpmCompression {
  const format = textOf(header, tags.payloadFormat) ?? 'cpio';
  if (format !== 'cpio') throw new Damage(`the payload is ${JSON.stringify(format)}, not cpio`);
  const name = textOf(header, tags.payloadCompressor) ?? 'gzip';
  const compression = Object.hasOwn(compressions, name) ? compressions[name] : undefined;
  if (compression !== undefined) return compression;
  const known = Object.keys(compressions).join(', ');
  throw new Damage(`the payload is compressed with ${JSON.stringify(name)}; only ${known} can be read`);
}

/**
 * The payload unpacked: a cpio archive. Throws Damage where it is damaged, or when it has been read to its end and is
 * not what the header's digest says.
 */
export async function* unpackedPayload(
  source: ByteSource,
  { header, payloadStart }: RpmFile,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const compressed = chunks(source, payloadStart, source.bytes - payloadStart);
  const checked = checkedPayload(compressed, header);
  yield* decompress(compressionOfRpm(header), checked, limits.dataBytes, signal);
}

/** The payload as it lies in the file, checked as `unpackedPayload` does. */
export async function* checkedPayload(
  compressed: AsyncIterable<Buffer>,
  header: RpmHeader,
): AsyncGenerator<Buffer> {
  const algorithm = digestAlgorithms[numbersOf(header, tags.payloadDigestAlgorithm)[0] ?? 8];
  const said = textOf(header, tags.payloadDigest);
  const hash = said === undefined || algorithm === undefined ? undefined : createHash(algorithm);
  for await (const chunk of compressed) {
    hash?.update(chunk);
    yield chunk;
  }
  const is = hash?.digest('hex');
  if (is !== said && is !== undefined)
    throw new Damage(`the payload's ${algorithm} is ${is}, and the header says ${said}`);
}
