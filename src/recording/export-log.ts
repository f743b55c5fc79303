import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, ScenarioError } from '../core/errors.ts';
import { didYouMean } from '../document/suggest.ts';
import { Arena } from '../nbd/arena.ts';
import { encodeLogWrites, type FilePiece, logWritesEntries } from '../writelog/dm-log-writes.ts';
import { type KeptRecording, logOf } from './kept-recordings.ts';

/** What was written. */
export interface Exported {
  entries: number;
  bytes: number;
}

/**
 * Writes the log of one disk of a recording to a new file, as dm-log-writes would have. Throws ScenarioError
 * `disk-unknown` or `output-unusable`; the file is removed where it cannot be completed.
 */
export async function exportLogWrites(
  recording: KeptRecording,
  disk: string,
  path: string,
  signal: AbortSignal,
): Promise<Exported> {
  const log = await logOf(recording);
  const ids = log.disks.map(({ id }) => id);
  const position = ids.indexOf(disk);
  if (position < 0)
    throw new ScenarioError(
      'disk-unknown',
      `--disk: expected one of ${ids.join(', ')}, found ${JSON.stringify(disk.slice(0, 60))}${didYouMean(disk, ids)}`,
    );
  await using arena = await Arena.open(join(recording.folder, 'arena'));
  const entries = logWritesEntries(log, position);
  const pieces = encodeLogWrites(entries, (sector, count) => arena.read(sector, count));
  return { entries: entries.length, bytes: await writePieces(path, pieces, signal) };
}

async function writePieces(path: string, pieces: Iterable<FilePiece>, signal: AbortSignal): Promise<number> {
  const file = await open(path, 'wx').catch((error: unknown) => {
    const known =
      (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'it is there already' : messageOf(error);
    throw new ScenarioError('output-unusable', `cannot create ${path}: ${known}`, { cause: error });
  });
  try {
    let at = 0;
    for (const piece of pieces) {
      signal.throwIfAborted();
      if (Buffer.isBuffer(piece)) {
        for (let done = 0; done < piece.length; )
          done += (await file.write(piece, done, piece.length - done, at + done)).bytesWritten;
        at += piece.length;
      } else at += piece.zeros;
    }
    // Zeros are holes in the file, also at its end.
    await file.truncate(at);
    await file.close();
    return at;
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
}
