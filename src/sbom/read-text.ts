import { ScenarioError } from '../core/errors.ts';
import { chunks, collect, openSource } from '../package/archive/byte-source.ts';
import { decompress } from '../package/archive/compression.ts';
import { Damage } from '../package/archive/damage.ts';
import { textFrom } from '../package/text.ts';

/**
 * The text of a file that somebody else wrote, unpacked where its name says so. One that is not UTF-8 is
 * taken for ISO-8859-1: descriptions in old encodings do no harm. Throws ScenarioError `sbom-unreadable`.
 */
export async function readText(path: string, limit: number, signal?: AbortSignal): Promise<string> {
  return textFrom(await readBytes(path, limit, signal));
}

/** As `readText`, as bytes. */
export async function readBytes(path: string, limit: number, signal?: AbortSignal): Promise<Buffer> {
  try {
    await using source = await openSource(path);
    const compression = packed.find((suffix) => path.endsWith(`.${suffix}`)) ?? 'none';
    return await collect(decompress(compression, chunks(source), limit, signal), limit);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

const packed = ['gz', 'zst', 'xz', 'bz2'] as const;
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'it is no folder',
  EACCES: 'permission denied',
};

/** What is not a matter of the file passes as it is. */
export function unreadable(path: string, cause: unknown): unknown {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const why = cause instanceof Damage ? cause.message : reasons[code];
  return why === undefined ? cause : new ScenarioError('sbom-unreadable', `${path}: ${why}`, { cause });
}
