import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Writes a gzip file of what comes, piece by piece. Throws the file system's errors, and what \`pieces\` throws. */
export async function writeGzipFile(path: string, pieces: Iterable<Buffer | string>): Promise<void> {
  await pipeline(Readable.from(pieces), createGzip({ level: 6 }), createWriteStream(path));
}
