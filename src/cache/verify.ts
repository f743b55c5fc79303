import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { z } from 'zod';
import { readLines } from '../core/checked-lines.ts';
import { sha256File } from '../core/digest.ts';
import { messageOf } from '../core/errors.ts';
import { parseStored } from '../core/stored.ts';
import { restoreFact } from '../crash/boot-fact.ts';
import { assertGround, groundsFolder } from '../crash/grounds.ts';
import { isWord } from '../crash/ledger-word.ts';
import { loadManifest, manifestFiles } from '../image/manifest.ts';
import { readVerdict } from '../recording/kept-verdicts.ts';
import { assertWhole } from '../recording/recordings.ts';
import type { CacheEntry, CacheKind } from './contents.ts';
import { fileKey } from './disk-use.ts';

/** What was found of an entry. */
export interface Verified {
  entry: CacheEntry;
  /** What is not as it was made, a sentence each; empty where all that can be compared is whole. */
  damage: string[];
  /** Harmless: `2 of 31 boots cannot be read, and are made again`. */
  note?: string;
}

/** What happens where an entry of a kind is taken away. */
export const madeAgain: Record<CacheKind, string> = {
  images: 'it is built again when it is needed',
  steps: 'it is made again by the next build that needs it',
  packages: 'it is fetched again, where the mirror still has it',
  recordings: 'the next run records again; tokens of this recording are void then, finding files are not',
  boots: 'the next run makes these boots again',
  probes: 'the next run finds it out again',
  verdicts: 'the next run does these cases and paths again',
  unfinished: 'a killed process has left it; brownout cache prune takes it away',
};

/** Reads entries again and compares them with what was noted when they were made. Files with several names are read once. */
export class Verifier {
  private readonly digests = new Map<string, Promise<string>>();

  async verify(entry: CacheEntry): Promise<Verified> {
    const found = await this.look(entry);
    const isThere = (await stat(entry.paths[0]).catch(() => undefined)) !== undefined;
    // Another process has taken it away, or put a new one in its place, while it was looked at.
    return isThere ? { entry, ...found } : { entry, damage: [] };
  }

  private look(entry: CacheEntry): Promise<Omit<Verified, 'entry'>> {
    const [path] = entry.paths;
    switch (entry.kind) {
      case 'images':
        return this.image(path);
      case 'steps':
        return this.step(path);
      case 'packages':
        return this.package(path);
      case 'recordings':
        return damageOf(() => assertWhole(path));
      case 'boots':
        return boots(path);
      case 'probes':
        return damageOf(async () => void parseStored(await readFile(path, 'utf8'), z.object({})));
      case 'verdicts':
        return damageOf(async () => {
          for (const name of await readdir(path))
            if (!name.endsWith('.tmp')) await readVerdict(join(path, name));
        });
      case 'unfinished':
        return Promise.resolve(
          entry.heldBy.length > 0 ? { damage: [] } : { damage: [], note: madeAgain.unfinished },
        );
    }
  }

  private async image(path: string): Promise<Omit<Verified, 'entry'>> {
    const damage: string[] = [];
    try {
      for (const file of manifestFiles(await loadManifest(path)))
        if ((await this.digest(file.path)) !== file.sha256)
          damage.push(`${file.path} has other content than when it was built`);
    } catch (error) {
      damage.push(messageOf(error));
    }
    return { damage };
  }

  /** Files whose digest was noted: those that images are put together from. */
  private async step(path: string): Promise<Omit<Verified, 'entry'>> {
    const damage: string[] = [];
    for (const name of await readdir(path, { recursive: true }).catch(() => [basename(path)])) {
      if (!name.endsWith('.sha256')) continue;
      const file = join(path, name.slice(0, -'.sha256'.length));
      const noted = await readFile(join(path, name), 'utf8');
      const found = await this.digest(file).catch(messageOf);
      if (/^[0-9a-f]{64}$/.test(noted) && noted !== found)
        damage.push(`${file} has other content than when it was made`);
    }
    return { damage };
  }

  private package(path: string): Promise<Omit<Verified, 'entry'>> {
    return damageOf(async () => {
      if (`${await this.digest(path)}.deb` !== basename(path))
        throw new Error(`${path} is not the package that its name says`);
    });
  }

  private async digest(path: string): Promise<string> {
    const key = fileKey(await stat(path));
    const known = this.digests.get(key) ?? sha256File(path);
    this.digests.set(key, known);
    return known;
  }
}

async function damageOf(look: () => Promise<void>): Promise<Omit<Verified, 'entry'>> {
  try {
    await look();
    return { damage: [] };
  } catch (error) {
    return { damage: [messageOf(error)] };
  }
}

/** Lines that a process was killed in the middle of cost no more than themselves. */
async function boots(path: string): Promise<Omit<Verified, 'entry'>> {
  let [whole, broken] = [0, 0];
  const damage: string[] = [];
  for (const name of await readdir(path, { recursive: true })) {
    const file = join(path, name);
    const [below] = name.split(sep);
    if (below === groundsFolder) {
      if (dirname(name) === below && /^[0-9a-f]{64}$/.test(basename(name)))
        damage.push(...(await damageOf(() => assertGround(file))).damage);
      continue;
    }
    if (!(await stat(file)).isFile()) continue;
    const lines = readLines(await readFile(file, 'utf8'));
    const facts = lines.values.filter((value) => !isWord(value));
    const restored = facts.filter((value) => restoreFact(value) !== undefined).length;
    whole += restored;
    broken += lines.damaged + facts.length - restored;
  }
  if (broken === 0) return { damage };
  if (whole === 0) return { damage: [...damage, `${path} has no boot that can be read`] };
  return { damage, note: `${broken} of ${broken + whole} boots cannot be read, and are made again` };
}
