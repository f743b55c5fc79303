import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256, sha256File } from '../core/digest.ts';
import { isFolder, usedNow, writeFileAtomically } from '../core/files.ts';
import { hold, removeUnheld } from '../core/holds.ts';
import { makeFolder, removeStale } from '../core/temporary.ts';
import { exclusively } from './exclusive.ts';

/** What a part is made from: plain data that names every input by its content. */
export type PartInputs = Readonly<Record<string, unknown>>;

const unusedDays = 30;

/** Keeps the results of an image's parts by the content of their inputs. */
export class BuildCache {
  private readonly cache: string;
  private readonly folder: string;
  private readonly signal: AbortSignal | undefined;

  /** Results live in `<cache>/steps`. */
  constructor(cache: string, signal?: AbortSignal) {
    this.cache = cache;
    this.folder = join(cache, 'steps');
    this.signal = signal;
  }

  /**
   * The folder with the part, made by `make` unless it is there. `inputs` must name all that
   * shapes it, including a version of what makes it. It must not be changed, and stays while this process lives.
   */
  async run(name: string, inputs: PartInputs, make: (folder: string) => Promise<void>): Promise<string> {
    const path = join(this.folder, `${name}-${partKey(name, inputs).slice(0, 32)}`);
    await hold(this.cache, [path]);
    if (!(await isFolder(path))) {
      await exclusively(path, this.signal, async () => {
        this.signal?.throwIfAborted();
        if (!(await isFolder(path))) await makeFolder(path, make);
      });
    }
    await usedNow(path);
    return path;
  }

  /** SHA-256 of a file of a part, computed once and kept beside it. */
  async digest(path: string): Promise<string> {
    const note = `${path}.sha256`;
    const known = await readFile(note, 'utf8').catch(() => '');
    if (known.length === 64) return known;
    const found = await sha256File(path);
    await writeFileAtomically(note, found);
    return found;
  }

  /** Removes half-made results and those that no build has used for a month. */
  async prune(): Promise<void> {
    await removeStale(this.folder);
    const limit = Date.now() - unusedDays * 86_400_000;
    for (const name of await readdir(this.folder).catch(() => [])) {
      const path = join(this.folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && found.mtimeMs < limit) await removeUnheld(this.cache, path);
    }
  }
}

/** Hex SHA-256 over the part's name and inputs; the order of keys does not matter. */
export function partKey(name: string, inputs: PartInputs): string {
  return sha256(JSON.stringify([name, sorted(inputs)]));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
