import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { bufferSource } from '../../../../src/package/archive/byte-source.ts';
import { cpioPadding, cpioTrailer, strippedHead } from '../../../../src/package/archive/cpio.ts';
import { listedFiles } from '../../../../src/package/rpm/files.ts';
import { textsEntry } from '../../../../src/package/rpm/header.ts';
import { payloadFiles } from '../../../../src/package/rpm/payload.ts';
import { readRpmFile, unpackedPayload } from '../../../../src/package/rpm/rpm-file.ts';
import { sealRpm } from '../../../../src/package/rpm/seal.ts';
import { tags } from '../../../../src/package/rpm/tags.ts';
import { all } from '../../derive/feeds.ts';

/** Writes an rpm again with its payload in the form that rpm uses for files of more than 4 GiB. */
export async function stripRpm(from: string, to: string): Promise<void> {
  const source = bufferSource(await readFile(from));
  const rpm = await readRpmFile(source);
  const files = listedFiles(rpm.header);
  const parts: Buffer[] = [];
  for await (const { listed, content } of payloadFiles(unpackedPayload(source, rpm), files)) {
    const bytes = await all(content);
    parts.push(strippedHead(files.indexOf(listed)), bytes, cpioPadding(bytes.length));
  }
  const archive = Buffer.concat([...parts, cpioTrailer()]);
  const payload = gzipSync(archive);
  const digest = (data: Buffer) => textsEntry([createHash('sha256').update(data).digest('hex')]);
  const header = new Map([
    ...rpm.header,
    [tags.payloadDigest, digest(payload)] as const,
    [tags.payloadDigestUnpacked, digest(archive)] as const,
  ]);
  const content = () => Readable.from([payload]) as AsyncIterable<Buffer>;
  await sealRpm(to, header, { content, bytes: payload.length, unpackedBytes: archive.length });
}
