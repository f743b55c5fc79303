import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isFolder, usedNow, writeFileAtomically } from '../core/files.ts';
import { hold, removeUnheld } from '../core/holds.ts';
import { parseStored } from '../core/stored.ts';
import { removeStale } from '../core/temporary.ts';

/** How many builds of one image and machine are kept, besides those of which a run may still be under way. */
const kept = 3;
const mayRunMs = 24 * 3_600_000;

/** What was built instead of the locked image, because the mirror no longer had all of it. */
type Replacement = z.infer<typeof replacementSchema>;

const replacementSchema = z.object({
  key: z.string().regex(/^[0-9a-f]{16}$/),
  /** `tzdata 2025a (now 2025b)`. */
  notices: z.array(z.string()),
  /** The snapshot archive that did not have them either. */
  snapshot: z.string().exactOptional(),
});

/** The built images of one name and machine: a folder each, named by its content key. */
export class ImageStore {
  readonly folder: string;
  private readonly cache: string;

  /** Images live in `<cache>/images/<name>/<machine>`. */
  constructor(cache: string, name: string, machine: string) {
    this.cache = cache;
    this.folder = join(cache, 'images', name, machine);
  }

  path(key: string): string {
    return join(this.folder, key);
  }

  /** The folder of a whole image, which stays while this process lives; undefined if it has not been built. */
  async find(key: string): Promise<string | undefined> {
    const path = this.path(key);
    await hold(this.cache, [path]);
    if (!(await isFolder(path))) return undefined;
    await usedNow(path);
    return path;
  }

  /** Remembers that `key` stands for the locked image, so that the mirror need not be asked each time. */
  async replace(lockedKey: string, replacement: Replacement): Promise<void> {
    await writeFileAtomically(this.note(lockedKey), JSON.stringify(replacement));
  }

  /**
   * What was built instead of the locked image, if it is still there; a damaged note says nothing, and so does one where
   * this snapshot archive was not asked.
   */
  async replacement(lockedKey: string, snapshot?: string): Promise<Replacement | undefined> {
    const text = await readFile(this.note(lockedKey), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const found = readReplacement(text);
    if (found === undefined || (snapshot !== undefined && snapshot !== found.snapshot)) return undefined;
    return (await isFolder(this.path(found.key))) ? found : undefined;
  }

  /** Removes half-made builds, and whole ones that were not used today, but for those used last. */
  async prune(): Promise<void> {
    await removeStale(this.folder);
    const names = (await readdir(this.folder)).filter((name) => /^[0-9a-f]{16}$/.test(name));
    const aged = await Promise.all(
      names.map(async (name) => ({ name, used: (await stat(this.path(name))).mtimeMs })),
    );
    aged.sort((a, b) => b.used - a.used);
    const old = aged.slice(kept).filter(({ used }) => used < Date.now() - mayRunMs);
    for (const { name } of old) await removeUnheld(this.cache, this.path(name));
  }

  private note(lockedKey: string): string {
    return join(this.folder, `${lockedKey}.replaced.json`);
  }
}

/** A note that cannot be read is as good as none: the mirror is asked again. */
function readReplacement(text: string): Replacement | undefined {
  try {
    return parseStored(text, replacementSchema);
  } catch {
    return undefined;
  }
}
