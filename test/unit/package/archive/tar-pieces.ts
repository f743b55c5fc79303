import type { ArchiveEdit } from '../../../../src/package/archive/archive-edit.ts';
import { rewriteTar } from '../../../../src/package/archive/rewrite-tar.ts';
import { readTar } from '../../../../src/package/archive/tar.ts';

/** Bytes as a stream of pieces of this length. */
async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length)
    yield await Promise.resolve(bytes.subarray(at, at + length));
}

/** All bytes of a stream. */
export async function all(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** A tar after an edit. */
export const rewrite = (bytes: Buffer, edit: ArchiveEdit, length = 700) =>
  all(rewriteTar(pieces(bytes, length), edit));

/** A line for each member of a tar, with its content. */
export async function listing(bytes: Buffer) {
  const found: string[] = [];
  for await (const { content, ...entry } of readTar(pieces(bytes, 4096)))
    found.push(JSON.stringify([entry, (await all(content)).toString('latin1')]));
  return found;
}
