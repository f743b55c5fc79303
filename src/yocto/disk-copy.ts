import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Compression, decompress } from '../package/archive/compression.ts';
import { asScenarioError, Damage } from '../package/archive/damage.ts';

/** More than any image has: what goes on for longer is meant to fill the host's disk. */
const mostBytes = 2 ** 40;
const pieceBytes = 1 << 16;
const sectorBytes = 512;
const zeros = Buffer.alloc(pieceBytes);

/**
 * Writes a new file with the unpacked content of another: zeros become holes, and the end is filled up with zeros to a
 * whole sector, since disks have no halves. Throws ScenarioError `package-damaged`, and the file system's own errors.
 */
export async function copyDisk(
  from: string,
  to: string,
  compression: Compression,
  signal?: AbortSignal,
): Promise<void> {
  await using file = await open(to, 'wx');
  const input = createReadStream(from, { highWaterMark: 1 << 20 });
  try {
    const bytes = await asScenarioError(from, async () => {
      let done = 0;
      for await (const chunk of decompress(compression, input, mostBytes, signal)) {
        signal?.throwIfAborted();
        await writeSparse(file, chunk, done);
        done += chunk.length;
      }
      if (done === 0) throw new Damage('holds nothing');
      return done;
    });
    await file.truncate(Math.ceil(bytes / sectorBytes) * sectorBytes);
  } finally {
    input.destroy();
  }
}

async function writeSparse(file: FileHandle, chunk: Buffer, at: number): Promise<void> {
  for (let start = 0; start < chunk.length; start += pieceBytes) {
    const piece = chunk.subarray(start, start + pieceBytes);
    if (piece.equals(zeros.subarray(0, piece.length))) continue;
    for (let done = 0; done < piece.length; )
      done += (await file.write(piece, done, piece.length - done, at + start + done)).bytesWritten;
  }
}
