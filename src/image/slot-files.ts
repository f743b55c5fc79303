import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { messageOf, ScenarioError } from '../core/errors.ts';
import { readSha256Line } from '../core/sha256-line.ts';
import { chunks, openSource } from '../package/archive/byte-source.ts';
import { compressionOf, decompress } from '../package/archive/compression.ts';
import { readTar } from '../package/archive/tar.ts';

/** Bytes that an archive may unpack to. */
const maxUnpacked = 64 * 2 ** 30;

/**
 * The regular files that a slot holds when it holds a release, absolute paths and SHA-256: from a `.tar` (also
 * compressed), or from a list as `sha256sum` prints it in the root folder of the release. Throws ScenarioError
 * `slot-files-unreadable`.
 */
export async function readSlotFiles(path: string): Promise<Record<string, string>> {
  try {
    const found = /\.tar(\.\w+)?$/.test(path) ? await ofArchive(path) : ofList(await readFile(path, 'utf8'));
    if (found.size === 0) throw new Error('it names no file');
    return Object.fromEntries([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
  } catch (cause) {
    throw new ScenarioError('slot-files-unreadable', `${path}: ${messageOf(cause)}`, {
      cause,
      hint: 'a tar of the root file system, or what sha256sum prints: find . -type f -exec sha256sum {} +',
    });
  }
}

async function ofArchive(path: string): Promise<Map<string, string>> {
  await using source = await openSource(path);
  const found = new Map<string, string>();
  for await (const entry of readTar(decompress(compressionOf(path), chunks(source), maxUnpacked))) {
    if (entry.type === 'file') {
      const hash = createHash('sha256');
      for await (const chunk of entry.content) hash.update(chunk);
      found.set(entry.path, hash.digest('hex'));
    } else if (entry.type === 'link') {
      const target = found.get(posix.resolve('/', entry.target ?? ''));
      if (target === undefined)
        throw new Error(`${entry.path} is a link to a file that is not there before it`);
      found.set(entry.path, target);
    } else found.delete(entry.path);
  }
  return found;
}

function ofList(text: string): Map<string, string> {
  const lines = text.split('\n').map((line, i) => ({ line, number: i + 1 }));
  return new Map(
    lines.flatMap(({ line, number }) => {
      if (line === '') return [];
      const read = readSha256Line(line);
      if (read === undefined) throw new Error(`line ${number} is not a SHA-256, two spaces and a path`);
      return [[posix.resolve('/', read.name), read.sha256] as const];
    }),
  );
}
