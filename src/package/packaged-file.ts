import { createHash } from 'node:crypto';
import { collect } from './archive/byte-source.ts';
import { within } from './archive/damage.ts';
import { limits } from './archive/limits.ts';
import type { TarEntry } from './archive/tar.ts';

/** A file that a package installs. */
export interface PackagedFile extends Omit<TarEntry, 'type' | 'uid' | 'gid'> {
  /** A `ghost` belongs to an rpm that does not bring it. */
  type: TarEntry['type'] | 'ghost';
  /** Of an ipk or a deb; an rpm has names alone. */
  uid?: number;
  gid?: number;
  /** Hex, of a file's content; only where it was asked for. */
  sha256?: string;
  /** Only of the regular files whose content was asked for. */
  content?: Buffer;
}

/** What of a package's files shall be read. */
export interface ListOptions {
  /** Hash the contents. */
  digests?: boolean;
  /** Paths of files whose content is held: up to `limits.changedBytes` each. */
  contents?: ReadonlySet<string> | 'all';
  signal?: AbortSignal;
}

/** What was asked for of a regular file. Throws Damage. */
export async function readContent(
  path: string,
  bytes: AsyncIterable<Buffer>,
  { digests = false, contents }: ListOptions,
): Promise<Pick<PackagedFile, 'sha256' | 'content'>> {
  if (contents === 'all' || contents?.has(path) === true) {
    const content = await within(path, () => collect(bytes, limits.changedBytes));
    const hash = digests ? { sha256: createHash('sha256').update(content).digest('hex') } : {};
    return { ...hash, content };
  }
  if (!digests) return {};
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return { sha256: hash.digest('hex') };
}
