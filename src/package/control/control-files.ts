import { type ByteSource, collect } from '../archive/byte-source.ts';
import { compressionOf, decompress } from '../archive/compression.ts';
import { Damage, within } from '../archive/damage.ts';
import { limits } from '../archive/limits.ts';
import { readTar } from '../archive/tar.ts';
import { inPackage } from '../package-file.ts';
import { isTar, readMembers } from './members.ts';

/**
 * Every file of an ipk's or a deb's control.tar, by name: `control`, `conffiles`, scripts, `triggers`, and whatever else
 * its package manager keeps of it. Throws as `readPackage`.
 */
export function readControlFiles(path: string, signal?: AbortSignal): Promise<Map<string, Buffer>> {
  return inPackage(path, (source) => filesIn(source, signal));
}

async function filesIn(source: ByteSource, signal?: AbortSignal): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for await (const { name, where, content } of readMembers(source, signal)) {
    if (!isTar(name, 'control')) continue;
    await within(where, async () => {
      const tar = decompress(compressionOf(name), content, limits.controlBytes, signal);
      for await (const entry of readTar(tar)) {
        if (entry.type !== 'file') continue;
        if (entry.path.lastIndexOf('/') !== 0) throw new Damage(`${entry.path} lies in a folder`);
        found.set(entry.path.slice(1), await collect(entry.content, limits.controlBytes));
      }
    });
  }
  return found;
}
