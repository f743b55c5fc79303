import { copyFile, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { appendLine, readLines } from '../core/checked-lines.ts';
import { sha256 } from '../core/digest.ts';
import { messageOf } from '../core/errors.ts';
import { usedNow } from '../core/files.ts';
import { hold } from '../core/holds.ts';
import { makeFolders } from '../core/make-folders.ts';
import { makeNewFolder } from '../core/new-folder.ts';
import { cacheRoot } from '../core/paths.ts';
import { programDigest } from '../core/program-digest.ts';
import type { RunContext } from '../device/run-context.ts';

/** Changes when what an older program has kept must not be read as what this one keeps. */
const keptFormat = 1;
const verdictFile = 'verdict.jsonl';
/** Below it lie files of a run, by their paths there. */
const filesFolder = 'files';

/** One kind of what is kept. */
export interface KeptKind<T> {
  /** `case`, `path`. */
  what: string;
  schema: z.ZodType<T>;
  /** The same with other paths for its files, which lie below a run's folder; undefined: there is none any more. */
  withFiles: (value: T, moved: (file: string) => string | undefined) => T;
}

/** All that a verdict depends on besides this program, QEMU, scenario, image and machine. */
export interface KeptSettings {
  qemuVersion: string;
  seed: string;
  /** Further ones, as JSON has them. */
  others?: readonly unknown[];
}

/** What an earlier run has decided. */
export interface KeptVerdict<T> {
  value: T;
  /** When, in ISO 8601. */
  decided: string;
}

const storedSchema = z.object({ decided: z.string(), files: z.array(z.string()), value: z.unknown() });

/**
 * Verdicts that hold until something changes that they depend on: each in a folder of its own, with consoles and whatever else
 * shows it, whole or not at all. Only verdicts are to be kept: what was not done, or broke the harness, says nothing of later runs.
 */
export class KeptVerdicts<T> {
  private readonly context: Pick<RunContext, 'folder' | 'notice'>;
  private readonly kind: KeptKind<T>;
  private readonly root: string;
  private broken = false;

  private constructor(context: Pick<RunContext, 'folder' | 'notice'>, kind: KeptKind<T>, root: string) {
    this.context = context;
    this.kind = kind;
    this.root = root;
  }

  static async open<T>(
    context: RunContext,
    kind: KeptKind<T>,
    { qemuVersion, seed, others = [] }: KeptSettings,
  ): Promise<KeptVerdicts<T>> {
    const { scenario, machine, manifest, accelerator } = context;
    // What it is called, where it lies, and what else it is done on, along or known for, decides nothing.
    const whatever = { name: '', source: '', machines: '', paths: '', known: '' };
    const asked = { ...scenario, ...whatever };
    const program = [keptFormat, kind.what, await programDigest(), qemuVersion, accelerator.accelerator];
    const inputs = JSON.stringify([program, machine, manifest.key, asked, seed, others]);
    const root = join(cacheRoot(), 'verdicts', sha256(inputs).slice(0, 16));
    await hold(cacheRoot(), [root]);
    return new KeptVerdicts(context, kind, root);
  }

  /** What an earlier run has decided by this name; its files are copied to this run. What is damaged is dropped with a notice. */
  async find(name: string): Promise<KeptVerdict<T> | undefined> {
    const folder = join(this.root, name);
    try {
      const { decided, files, value } = await readVerdict(folder);
      const here = new Map(files.map((file) => [file, join('earlier', name, file)]));
      for (const [file, path] of here)
        await copy(join(folder, filesFolder, file), join(this.context.folder, path));
      const known = this.kind.schema.parse(value);
      await usedNow(this.root);
      return { decided, value: this.kind.withFiles(known, (file) => here.get(file)) };
    } catch (error) {
      // It is not there, or not all of it: what is decided now takes its place.
      if ('code' in Object(error)) return undefined;
      this.context.notice(`dropping the ${this.kind.what} in ${folder}: ${messageOf(error)}`);
      await rm(folder, { recursive: true, force: true });
      return undefined;
    }
  }

  /** Keeps what this run has decided. Where the host cannot, it says so once. */
  async keep(name: string, value: T): Promise<void> {
    if (this.broken) return;
    const folder = join(this.root, name);
    const named = new Set<string>();
    this.kind.withFiles(value, (file) => {
      named.add(file);
      return file;
    });
    try {
      await makeNewFolder(folder, async (temporary) => {
        const files: string[] = [];
        for (const file of named)
          if (await copy(join(this.context.folder, file), join(temporary, filesFolder, file)).then(yes, no))
            files.push(file);
        const decided = new Date().toISOString();
        await appendLine(join(temporary, verdictFile), { decided, files, value });
        await rm(folder, { recursive: true, force: true });
      });
    } catch (error) {
      this.context.notice(`${this.kind.what}s are not kept for later runs: ${messageOf(error)}`);
      this.broken = true;
    }
  }
}

/** What lies in a folder of a kept verdict. Throws Error where it is not what was kept. */
export async function readVerdict(folder: string): Promise<z.output<typeof storedSchema>> {
  const { values, damaged } = readLines(await readFile(join(folder, verdictFile), 'utf8'));
  const stored = storedSchema.safeParse(values[0]).data;
  if (damaged > 0 || stored === undefined) throw new Error('it is not what was kept');
  return stored;
}

async function copy(from: string, to: string): Promise<void> {
  await makeFolders(dirname(to));
  await copyFile(from, to);
}

const yes = () => true;
const no = () => false;
