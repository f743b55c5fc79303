import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { compressed } from '../archive/compression.ts';
import {
  encodeHeader,
  type HeaderEntry,
  numbersEntry,
  type RpmHeader,
  textEntry,
  textsEntry,
  valueTypes,
} from './header.ts';
import type { RpmCompression } from './rpm-file.ts';
import { signatureTags, tags } from './tags.ts';

/** A payload as it will lie in an rpm. */
export interface Payload {
  /** Compressed; read more than once. */
  content: () => AsyncIterable<Buffer>;
  bytes: number;
  unpackedBytes: number;
}

/** Hex digests of a payload, SHA-256. */
export interface PayloadDigests {
  compressed: string;
  unpacked: string;
}

const names: Readonly<Record<RpmCompression, { compressor: string; level: string }>> = {
  gz: { compressor: 'gzip', level: '9' },
  xz: { compressor: 'xz', level: '6' },
  zst: { compressor: 'zstd', level: '8' },
};
const fourGiB = 2 ** 32;

/** Compresses an archive into a file. The same archive gives the same bytes with the same programs and Node.js. */
export async function spoolPayload(
  file: string,
  archive: AsyncIterable<Buffer>,
  compression: RpmCompression,
  signal?: AbortSignal,
): Promise<{ bytes: number; unpackedBytes: number; digests: PayloadDigests }> {
  const [unpacked, packed] = [new Tally(), new Tally()];
  await using handle = await open(file, 'wx');
  for await (const chunk of packed.count(compressed(compression, unpacked.count(archive), signal)))
    await handle.writeFile(chunk);
  return {
    bytes: packed.bytes,
    unpackedBytes: unpacked.bytes,
    digests: { compressed: packed.digest(), unpacked: unpacked.digest() },
  };
}

class Tally {
  bytes = 0;
  private readonly hash: Hash = createHash('sha256');

  async *count(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of input) {
      this.bytes += chunk.length;
      this.hash.update(chunk);
      yield chunk;
    }
  }

  digest(): string {
    return this.hash.digest('hex');
  }
}

/** A header that says how its new payload is compressed and what it must be. */
export function withPayload(
  header: RpmHeader,
  compression: RpmCompression,
  { compressed: sha256, unpacked }: PayloadDigests,
): Map<number, HeaderEntry> {
  const { compressor, level } = names[compression];
  return new Map([
    ...header,
    [tags.payloadFormat, textEntry('cpio')],
    [tags.payloadCompressor, textEntry(compressor)],
    [tags.payloadFlags, textEntry(level)],
    [tags.payloadDigestAlgorithm, numbersEntry('int32', [8])],
    [tags.payloadDigest, textsEntry([sha256])],
    [tags.payloadDigestUnpacked, textsEntry([unpacked])],
  ]);
}

/**
 * Writes an rpm of format 4: the lead, a signature that holds digests and nobody's name, the header and the payload (rpm
 * 4.18, docs/manual/format.md and signatures_digests.md). `lead`: that of another rpm, whose machine it is for.
 */
export async function sealRpm(to: string, header: RpmHeader, payload: Payload, lead?: Buffer): Promise<void> {
  const bytes = encodeHeader(header, tags.immutable);
  const md5 = createHash('md5').update(bytes);
  for await (const chunk of payload.content()) md5.update(chunk);
  const size = bytes.length + payload.bytes;
  const signature = encodeHeader(
    new Map<number, HeaderEntry>([
      [signatureTags.sha1, textEntry(createHash('sha1').update(bytes).digest('hex'))],
      [signatureTags.sha256, textEntry(createHash('sha256').update(bytes).digest('hex'))],
      [signatureTags.md5, { type: valueTypes.bin, count: 16, data: md5.digest() }],
      sizeEntry(size, signatureTags.size, signatureTags.longSize),
      sizeEntry(payload.unpackedBytes, signatureTags.payloadSize, signatureTags.longPayloadSize),
    ]),
    tags.signatures,
  );
  await using handle = await open(to, 'wx');
  const padding = Buffer.alloc(-signature.length & 7);
  for (const part of [leadOf(header, lead), signature, padding, bytes]) await handle.writeFile(part);
  for await (const chunk of Readable.from(payload.content())) await handle.writeFile(chunk as Buffer);
}

/** A size under the tag for small or the one for large numbers (docs/manual/large_files.md). */
export function sizeEntry(value: number, small: number, large: number): [number, HeaderEntry] {
  return value < fourGiB ? [small, numbersEntry('int32', [value])] : [large, numbersEntry('int64', [value])];
}

/** Nobody reads more of a lead than its magic, but file(1) (docs/manual/format.md, "Lead"). */
function leadOf(header: RpmHeader, like: Buffer | undefined): Buffer {
  const lead = Buffer.alloc(96);
  if (like === undefined) {
    Buffer.from('edabeedb03000000', 'hex').copy(lead);
    lead.writeUInt16BE(1, 8);
    lead.writeUInt16BE(1, 76);
    lead.writeUInt16BE(5, 78);
  } else like.copy(lead);
  const name = [tags.name, tags.version, tags.release]
    .map((tag) => header.get(tag)?.data.toString('latin1').replace(/\0$/, '') ?? '')
    .join('-');
  lead.fill(0, 10, 76).write(name.slice(0, 65), 10, 'latin1');
  return lead;
}
