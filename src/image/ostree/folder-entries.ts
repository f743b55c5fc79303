import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewTarEntry, NewTarLink } from '../../package/archive/tar.ts';

const sticky = 0o1000;

/** What is in a folder of the host, parents first; a file's second name is a hard link. Modes do not hang on the umask. */
export async function folderEntries(folder: string): Promise<(NewTarEntry | NewTarLink)[]> {
  const entries: (NewTarEntry | NewTarLink)[] = [];
  const names = new Map<number, string>();
  const walk = async (at: string): Promise<void> => {
    for (const name of (await readdir(join(folder, at))).sort()) {
      const path = join(at, name);
      const found = await lstat(join(folder, path));
      const mode = found.mode & (0o755 | sticky);
      if (found.isDirectory()) {
        entries.push({ path, type: 'directory', mode: (found.mode & sticky) === 0 ? mode : 0o1777 });
        await walk(path);
      } else if (found.isSymbolicLink()) {
        entries.push({ path, type: 'symlink', target: await readlink(join(folder, path)) });
      } else {
        const first = names.get(found.ino);
        names.set(found.ino, first ?? path);
        entries.push(
          first === undefined
            ? { path, type: 'file', mode, content: await readFile(join(folder, path)) }
            : { path, type: 'link', mode, target: first },
        );
      }
    }
  };
  await walk('');
  return entries;
}
