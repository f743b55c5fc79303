import type { ByteSource } from './archive/byte-source.ts';
import { compressionOf, decompress } from './archive/compression.ts';
import { Damage, within } from './archive/damage.ts';
import { limits } from './archive/limits.ts';
import { readTar } from './archive/tar.ts';
import { isTar, readMembers } from './control/members.ts';
import { inPackage } from './package-file.ts';
import { type ListOptions, type PackagedFile, readContent } from './packaged-file.ts';
import { rpmFilesFrom } from './rpm/contents.ts';

/**
 * What a package installs, in the archive's order, or of an rpm in the header's. Contents go by in chunks: none is held
 * that was not asked for, nothing is written to disk. Throws as `readPackage`, and HarnessError `command-missing` where
 * a decompressor is needed and not there.
 */
export function listFiles(path: string, options: ListOptions = {}): Promise<PackagedFile[]> {
  return inPackage(path, (source, format) =>
    format === 'rpm' ? rpmFilesFrom(source, options) : filesFrom(source, options),
  );
}

/** As `listFiles`, from the bytes of an ipk or a deb wherever they are. Throws Damage. */
export async function filesFrom(source: ByteSource, options: ListOptions = {}): Promise<PackagedFile[]> {
  const { signal } = options;
  for await (const { name, where, content } of readMembers(source, signal)) {
    if (!isTar(name, 'data')) continue;
    return within(where, async () => {
      const files: PackagedFile[] = [];
      const tar = decompress(compressionOf(name), content, limits.dataBytes, signal);
      for await (const { content: bytes, ...entry } of readTar(tar))
        files.push(
          entry.type === 'file' ? { ...entry, ...(await readContent(entry.path, bytes, options)) } : entry,
        );
      return files;
    });
  }
  throw new Damage('there is no data.tar in it');
}
