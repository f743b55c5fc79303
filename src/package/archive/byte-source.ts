import { type FileHandle, open } from 'node:fs/promises';
import { Damage } from './damage.ts';

const chunkBytes = 1 << 18;

/** The bytes of a package file, read where they are. */
export interface ByteSource {
  readonly bytes: number;
  /** `length` bytes from `offset` on. Throws Damage where the file ends before. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** A file as a ByteSource; dispose of it. Throws what opening throws. */
export async function openSource(path: string): Promise<ByteSource & AsyncDisposable> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  return {
    bytes: size,
    read: (offset, length) => readFully(handle, offset, length),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function readFully(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) throw outside(offset, length);
    done += bytesRead;
  }
  return buffer;
}

/** Bytes in memory as a ByteSource. */
export function bufferSource(buffer: Buffer): ByteSource {
  return {
    bytes: buffer.length,
    read: (offset, length) =>
      offset + length > buffer.length
        ? Promise.reject(outside(offset, length))
        : Promise.resolve(buffer.subarray(offset, offset + length)),
  };
}

/** The bytes of a part of `source`, a chunk at a time. */
export async function* chunks(source: ByteSource, offset = 0, length = source.bytes): AsyncGenerator<Buffer> {
  for (let at = 0; at < length; at += chunkBytes)
    yield await source.read(offset + at, Math.min(chunkBytes, length - at));
}

/** All of a content that must be small. Throws Damage where it has more than `limit` bytes. */
export async function collect(content: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of content) {
    bytes += part.length;
    if (bytes > limit) throw new Damage(`more than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function outside(offset: number, length: number): Damage {
  return new Damage(`the file ends before byte ${offset + length}`);
}
