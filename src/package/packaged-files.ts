import { createHash } from 'node:crypto';
import type { ByteSource } from './byte-source.ts';
import { compressionOf, decompress } from './compression.ts';
import { Damage, within } from './damage.ts';
import { limits } from './limits.ts';
import { isTar, readMembers } from './members.ts';
import { inPackage } from './package-file.ts';
import { readTar, type TarEntry } from './tar.ts';

/** A file that a package installs. */
export interface PackagedFile extends TarEntry {
  /** Hex, of a file's content; only where it was asked for. */
  sha256?: string;
}

interface ListOptions {
  /** Hash the contents. */
  digests?: boolean;
  signal?: AbortSignal;
}

/**
 * What a package installs, in the archive's order. Contents go by in chunks: none is held, nothing is written to
 * disk. Throws as `readPackage`, and HarnessError `command-missing` where xz or zstd is needed and not there.
 */
export function listFiles(path: string, options: ListOptions = {}): Promise<PackagedFile[]> {
  return inPackage(path, (source) => filesFrom(source, options));
}

/** As `listFiles`, from bytes wherever they are. Throws Damage. */
export async function filesFrom(
  source: ByteSource,
  { digests = false, signal }: ListOptions = {},
): Promise<PackagedFile[]> {
  for await (const { name, where, content } of readMembers(source, signal)) {
    if (!isTar(name, 'data')) continue;
    return within(where, async () => {
      const files: PackagedFile[] = [];
      const tar = decompress(compressionOf(name), content, limits.dataBytes, signal);
      for await (const { content: bytes, ...entry } of readTar(tar)) {
        const hash = digests && entry.type === 'file' ? { sha256: await sha256(bytes) } : {};
        files.push({ ...entry, ...hash });
      }
      return files;
    });
  }
  throw new Damage('there is no data.tar in it');
}

async function sha256(content: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}
