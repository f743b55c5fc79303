import { createHash } from 'node:crypto';
import { type ByteSource, collect } from './byte-source.ts';
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
  /** Only of the regular files whose content was asked for. */
  content?: Buffer;
}

interface ListOptions {
  /** Hash the contents. */
  digests?: boolean;
  /** Paths of files whose content is held: up to `limits.changedBytes` each. */
  contents?: ReadonlySet<string> | 'all';
  signal?: AbortSignal;
}

/**
 * What a package installs, in the archive's order. Contents go by in chunks: none is held that was not asked for,
 * nothing is written to disk. Throws as `readPackage`, and HarnessError `command-missing` where a decompressor is needed and not there.
 */
export function listFiles(path: string, options: ListOptions = {}): Promise<PackagedFile[]> {
  return inPackage(path, (source) => filesFrom(source, options));
}

/** As `listFiles`, from bytes wherever they are. Throws Damage. */
export async function filesFrom(
  source: ByteSource,
  { digests = false, contents = new Set(), signal }: ListOptions = {},
): Promise<PackagedFile[]> {
  for await (const { name, where, content } of readMembers(source, signal)) {
    if (!isTar(name, 'data')) continue;
    return within(where, async () => {
      const files: PackagedFile[] = [];
      const tar = decompress(compressionOf(name), content, limits.dataBytes, signal);
      for await (const { content: bytes, ...entry } of readTar(tar)) {
        const isFile = entry.type === 'file';
        if (isFile && (contents === 'all' || contents.has(entry.path))) {
          const content = await within(entry.path, () => collect(bytes, limits.changedBytes));
          const hash = digests ? { sha256: createHash('sha256').update(content).digest('hex') } : {};
          files.push({ ...entry, ...hash, content });
          continue;
        }
        const hash = digests && isFile ? { sha256: await sha256(bytes) } : {};
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
