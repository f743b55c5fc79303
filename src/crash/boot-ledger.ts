import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { appendLine } from '../core/checked-lines.ts';
import { sha256 } from '../core/digest.ts';
import { messageOf } from '../core/errors.ts';
import { programDigest } from '../core/program-digest.ts';
import type { RunContext } from '../device/run-context.ts';
import type { BootRequest } from '../explore/boot.ts';
import type { CutRecord } from '../model/record.ts';
import type { Recording } from '../recording/recordings.ts';
import { type BootFact, restoreFact, storeFact, withConsoles } from './boot-fact.ts';
import { GrowingFiles } from './growing-files.ts';

/** Which boot a fact stands for. */
type Asked = Pick<BootRequest, 'retry' | 'seed'> & { sha256: string; state: string };

/** A ledger that several workers have, or had: a folder with what each has booted. */
export interface SharedLedger {
  folder: string;
  /** Ledgers that are read too. */
  besides: readonly string[];
  /** Whether others may be at work. */
  live: boolean;
}

/** What others have booted, and which boots they have begun. */
interface News {
  facts: BootFact[];
  begun: Asked[];
}

/** The same as it is read, each fact with the file that it is in. */
interface Heard extends Pick<News, 'begun'> {
  facts: { file: string; fact: BootFact }[];
  damaged: number;
}

/**
 * The boots of a recording's states that runs have made, each run's in a file of its own: with the recording, or in a folder that
 * workers share. What decides besides the recording (this program's code, how states are compared, how much a device may
 * write; in a shared folder also what the recording was made with) names the folder: facts of another judge are not looked at, and
 * those with the recording are gone with the next run. A fact stands for one boot: once taken, the next one that is asked for is made.
 */
export class BootLedger {
  /** Whether others may be at work. */
  readonly live: boolean;
  private readonly context: Pick<RunContext, 'notice' | 'folder'>;
  private readonly path: string;
  /** Where consoles of failures lie; absent: failures are booted by each run that tells of them. */
  private readonly consoles: string | undefined;
  private readonly files: GrowingFiles;
  /** In the order in which they were made. */
  private readonly facts: BootFact[] = [];
  private readonly byKey = new Map<string, BootFact[]>();
  private hearing: Promise<unknown> = Promise.resolve();
  private broken = false;
  /** Boots of this run that are kept. */
  kept = 0;

  private constructor(
    context: Pick<RunContext, 'notice' | 'folder'>,
    path: string,
    { live, consoles }: { live: boolean; consoles: string | undefined },
  ) {
    this.context = context;
    this.path = path;
    this.live = live;
    this.consoles = consoles;
    this.files = new GrowingFiles(dirname(path), basename(path));
  }

  /** Of a recording; `shared`: not with it, but there. Where facts cannot be read, they are left out with a notice. */
  static async open(
    context: Pick<RunContext, 'runId' | 'notice' | 'folder' | 'diskBudget'>,
    { folder, sha256: digest, madeWith }: Pick<Recording, 'folder' | 'sha256' | 'madeWith'>,
    { canonical, shared }: { canonical: boolean; shared: SharedLedger | undefined },
  ): Promise<BootLedger | undefined> {
    if (shared === undefined && folder === undefined) return undefined;
    const parts = [await programDigest(), context.diskBudget ?? null];
    const judge = sha256(JSON.stringify(shared === undefined ? parts : [...parts, madeWith])).slice(0, 16);
    const rootIn = (ledger: string) => join(ledger, 'boots', digest.slice(0, 16));
    const root = shared === undefined ? join(folder ?? '', 'boots') : rootIn(shared.folder);
    const folderIn = (below: string) => join(below, judge, canonical ? 'canonical' : 'raw');
    const name = `${new Date().toISOString()}-${context.runId}-${randomBytes(4).toString('hex')}`;
    const ledger = new BootLedger(context, join(folderIn(root), name), {
      live: shared?.live === true,
      consoles: shared === undefined ? undefined : join(shared.folder, 'consoles'),
    });
    for (const one of [root, ...(shared?.besides ?? []).map(rootIn)]) {
      const others = (await readdir(one).catch(() => [])).filter((other) => other !== judge);
      if (shared === undefined)
        for (const other of others) await rm(join(one, other), { recursive: true, force: true });
      else if (others.length > 0)
        context.notice(
          `${one} has boots of another program, QEMU or scenario, which count for nothing here: ${others.join(', ')}`,
        );
    }
    await ledger.read([
      { files: ledger.files, consoles: ledger.consoles },
      ...(shared?.besides ?? []).map((one) => ({
        files: new GrowingFiles(folderIn(rootIn(one)), ''),
        consoles: join(one, 'consoles'),
      })),
    ]);
    return ledger;
  }

  /** The facts of a trace, in the order in which they were made. */
  of(trace: { sha256: string }): BootFact[] {
    return this.facts.filter((fact) => fact.sha256 === trace.sha256);
  }

  /** Takes a fact that stands for such a boot; undefined where there is none, or none any more. */
  take(asked: Asked): BootFact | undefined {
    return this.byKey.get(keyOf(asked))?.shift();
  }

  /** What others have added since this was last asked. */
  async news(): Promise<News> {
    const hear = this.hearing.then(async () => {
      const { facts, begun } = await this.heard(this.files, this.consoles);
      for (const { fact } of facts) this.add(fact);
      return { facts: facts.map(({ fact }) => fact), begun };
    });
    this.hearing = hear.catch(() => undefined);
    return hear;
  }

  /** Tells others that such a boot is about to be made. */
  begin(asked: Asked): Promise<void> {
    return this.write({ begun: asked });
  }

  /** Keeps a boot of this run for later ones, or others. Where the host cannot, it says so once. */
  async keep(fact: Omit<BootFact, 'host'>): Promise<void> {
    const { verdict } = fact.record;
    // What is shown by a boot of the run that tells it has its console.
    if (verdict !== 'passed' && (verdict !== 'failed' || this.consoles === undefined)) return;
    const record = await this.withoutConsoles(fact.record);
    await this.write(storeFact({ ...fact, record, host: hostname() }));
    if (!this.broken) this.kept += 1;
  }

  /** Reads all that there is, and says how much of it cannot be. */
  private async read(all: { files: GrowingFiles; consoles: string | undefined }[]): Promise<void> {
    let damaged = 0;
    const found: { file: string; fact: BootFact }[] = [];
    for (const { files, consoles } of all) {
      const heard = await this.heard(files, consoles);
      found.push(...heard.facts);
      damaged += heard.damaged;
    }
    // Names begin with the time: so it does not matter which ledger is read first.
    found.sort((a, b) => (a.file < b.file ? -1 : Number(a.file > b.file)));
    for (const { fact } of found) this.add(fact);
    if (damaged > 0)
      this.context.notice(
        `${damaged} of ${damaged + this.facts.length} boots of earlier runs in ${dirname(this.path)} cannot be read, and are made again`,
      );
  }

  private async heard(files: GrowingFiles, consoles: string | undefined): Promise<Heard> {
    const { values, damaged } = await files.more();
    const found: Heard = { facts: [], begun: [], damaged };
    for (const { file, value } of values) {
      const begun = begunSchema.safeParse(value).data?.begun;
      if (begun !== undefined) {
        found.begun.push(begun);
        continue;
      }
      const fact = restoreFact(value);
      if (fact === undefined) found.damaged += 1;
      else found.facts.push({ file, fact: { ...fact, record: await this.withConsoles(fact, consoles) } });
    }
    return found;
  }

  private add(fact: BootFact): void {
    this.facts.push(fact);
    const key = keyOf(fact);
    const known = this.byKey.get(key);
    if (known === undefined) this.byKey.set(key, [fact]);
    else known.push(fact);
  }

  private async write(value: unknown): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true });
      await appendLine(this.path, value);
    } catch (error) {
      if (!this.broken) this.context.notice(`boots are not kept for later runs: ${messageOf(error)}`);
      this.broken = true;
    }
  }

  /** A record whose consoles, where it failed, lie with the ledger. */
  private async withoutConsoles(record: CutRecord): Promise<CutRecord> {
    const { consoles, context } = this;
    const kept = new Map<string, string>();
    if (consoles !== undefined && record.verdict === 'failed')
      for (const console of consolesOf(record)) {
        const name = `${basename(this.path)}-${basename(console)}`;
        const isKept = await copied(join(context.folder, console), join(consoles, name));
        if (isKept) kept.set(console, name);
      }
    return withConsoles(record, (console) => kept.get(console));
  }

  /** A record whose consoles, where it failed, lie with this run. */
  private async withConsoles({ record, host }: BootFact, consoles: string | undefined): Promise<CutRecord> {
    const here = new Map<string, string>();
    if (consoles !== undefined && record.verdict === 'failed')
      for (const console of consolesOf(record)) {
        const path = join('console', basename(console));
        const isHere = await copied(join(consoles, basename(console)), join(this.context.folder, path));
        if (isHere) here.set(console, path);
      }
    const known = withConsoles(record, (console) => here.get(console));
    return this.consoles === undefined ? known : { ...known, host };
  }
}

function consolesOf({ console, checks }: CutRecord): Set<string> {
  return new Set([console, ...checks.map((check) => check.console)].filter((one) => one !== undefined));
}

/** Whether a file could be copied. */
async function copied(from: string, to: string): Promise<boolean> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to);
    return true;
  } catch {
    return false;
  }
}

const begunSchema = z.object({
  begun: z.object({ sha256: z.string(), state: z.string(), retry: z.boolean(), seed: z.int() }),
});

function keyOf({ sha256: trace, state, retry, seed }: Asked): string {
  return `${trace} ${state} ${retry} ${seed}`;
}
