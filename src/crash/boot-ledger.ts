import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { appendLine } from '../core/checked-lines.ts';
import { sha256 } from '../core/digest.ts';
import { messageOf } from '../core/errors.ts';
import { programDigest } from '../core/program-digest.ts';
import type { RunContext } from '../device/run-context.ts';
import type { CutRecord } from '../model/record.ts';
import type { Recording } from '../recording/recordings.ts';
import type { WriteLog } from '../writelog/log.ts';
import { type BootFact, restoreFact, storeFact, withConsoles } from './boot-fact.ts';
import {
  claimGround,
  dropGround,
  type Ground,
  groundsFolder,
  hasGround,
  openGround,
  type RecordedGround,
  storeGround,
  traceDigest,
} from './grounds.ts';
import { GrowingFiles } from './growing-files.ts';
import { type Asked, readWord } from './ledger-word.ts';

/** A ledger that several workers have, or had: a folder with what each has booted. */
export interface SharedLedger {
  folder: string;
  /** Ledgers that are read too. */
  besides: readonly string[];
  /** Whether others may be at work. */
  live: boolean;
}

/** What is read: what others have booted, each with the file that it is in, recorded, and begun. */
interface Heard {
  facts: { file: string; fact: BootFact }[];
  grounds: RecordedGround[];
  begun: Asked[];
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
  /** By trace, this run's among them. */
  private readonly deciding = new Map<string, number>();
  private readonly begun: Asked[] = [];
  private readonly grounds: RecordedGround[] = [];
  /** Where the data of grounds lie, this ledger's first. */
  private readonly groundFolders: readonly string[];
  private hearing: Promise<unknown> = Promise.resolve();
  private broken = false;
  /** Boots of this run that are kept. */
  kept = 0;

  private constructor(
    context: Pick<RunContext, 'notice' | 'folder'>,
    path: string,
    {
      live,
      consoles,
      groundFolders,
    }: { live: boolean; consoles: string | undefined; groundFolders: readonly string[] },
  ) {
    this.context = context;
    this.path = path;
    this.live = live;
    this.consoles = consoles;
    this.groundFolders = groundFolders;
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
    const roots = [root, ...(shared?.besides ?? []).map(rootIn)];
    const folderIn = (below: string) => join(below, judge, canonical ? 'canonical' : 'raw');
    const name = `${new Date().toISOString()}-${context.runId}-${randomBytes(4).toString('hex')}`;
    const ledger = new BootLedger(context, join(folderIn(root), name), {
      live: shared?.live === true,
      consoles: shared === undefined ? undefined : join(shared.folder, 'consoles'),
      groundFolders: roots.map((one) => join(one, judge, groundsFolder)),
    });
    for (const one of roots) {
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

  /** Reads what others have added since this was last asked. */
  async hear(): Promise<void> {
    const hear = this.hearing.then(async () => this.takeUp(await this.heard(this.files, this.consoles)));
    this.hearing = hear.catch(() => undefined);
    return hear;
  }

  /**
   * What others tell of a trace, each time what was heard since it was last asked: at first nothing of what they have
   * booted until now, but all that they have begun.
   */
  newsOf({ sha256: trace }: { sha256: string }): () => { facts: BootFact[]; begun: Asked[] } {
    let [facts, begun] = [this.facts.length, 0];
    return () => {
      const news = {
        facts: this.facts.slice(facts).filter((fact) => fact.sha256 === trace),
        begun: this.begun.slice(begun).filter((asked) => asked.sha256 === trace),
      };
      [facts, begun] = [this.facts.length, this.begun.length];
      return news;
    };
  }

  /** How many boots have decided states of a trace, whoever made them. */
  bootsOf({ sha256: trace }: { sha256: string }): number {
    return this.deciding.get(trace) ?? 0;
  }

  /** The recorded grounds of a trace, each once: of several recordings the one of which more was booted. */
  groundsOf({ sha256: trace }: { sha256: string }): RecordedGround[] {
    const best = new Map<string, RecordedGround>();
    const boots = (ground: RecordedGround) => this.bootsOf({ sha256: traceDigest(ground) });
    for (const ground of this.grounds) {
      if (ground.sha256 !== trace) continue;
      const other = best.get(ground.state);
      const more = other === undefined ? 1 : boots(ground) - boots(other);
      if (other === undefined || more > 0 || (more === 0 && ground.recording < other.recording))
        best.set(ground.state, ground);
    }
    return [...best.values()];
  }

  /** Whether this worker is the first to begin recording a ground. */
  async claim(ground: Pick<Ground, 'sha256' | 'state'>): Promise<boolean> {
    const [own = ''] = this.groundFolders;
    let isFirst = true;
    await this.orSay(async () => {
      isFirst = await claimGround(own, ground);
    });
    return isFirst;
  }

  /** What was recorded of a ground, its data at `arenaPath`. Where it cannot be read, that is said, and it is forgotten. */
  async openGround(ground: RecordedGround, arenaPath: string): Promise<WriteLog | undefined> {
    try {
      return await openGround(this.groundFolders, ground, arenaPath);
    } catch (error) {
      this.context.notice(
        `what was recorded of ${ground.state} being cut again cannot be read, and is made again: ${messageOf(error)}`,
      );
      await dropGround(this.groundFolders[0] ?? '', ground);
      this.grounds.splice(0, this.grounds.length, ...this.grounds.filter((one) => one !== ground));
      return undefined;
    }
  }

  /** Keeps what was recorded of a ground for later runs, or others. */
  async keepGround(ground: RecordedGround, log: string, arenaPath: string): Promise<void> {
    const [own = ''] = this.groundFolders;
    await this.orSay(async () => {
      await storeGround(own, ground, { log, arenaPath });
      await this.append({ ground });
    });
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
    this.count(fact);
    const record = await this.withoutConsoles(fact.record);
    await this.write(storeFact({ ...fact, record, host: hostname() }));
    if (!this.broken) this.kept += 1;
  }

  /** Reads all that there is, and says how much of it cannot be. */
  private async read(all: { files: GrowingFiles; consoles: string | undefined }[]): Promise<void> {
    const found: Heard = { facts: [], grounds: [], begun: [], damaged: 0 };
    for (const { files, consoles } of all) {
      const { facts, grounds, begun, damaged } = await this.heard(files, consoles);
      found.facts.push(...facts);
      found.grounds.push(...grounds);
      found.begun.push(...begun);
      found.damaged += damaged;
    }
    // Names begin with the time: so it does not matter which ledger is read first.
    found.facts.sort((a, b) => (a.file < b.file ? -1 : Number(a.file > b.file)));
    this.takeUp(found);
    const { damaged } = found;
    if (damaged > 0)
      this.context.notice(
        `${damaged} of ${damaged + this.facts.length} boots of earlier runs in ${dirname(this.path)} cannot be read, and are made again`,
      );
  }

  private async heard(files: GrowingFiles, consoles: string | undefined): Promise<Heard> {
    const { values, damaged } = await files.more();
    const found: Heard = { facts: [], grounds: [], begun: [], damaged };
    for (const { file, value } of values) {
      const { begun, ground } = readWord(value);
      if (begun !== undefined) found.begun.push(begun);
      if (ground !== undefined && (await hasGround(this.groundFolders, ground))) found.grounds.push(ground);
      if (begun !== undefined || ground !== undefined) continue;
      const fact = restoreFact(value);
      if (fact === undefined) found.damaged += 1;
      else found.facts.push({ file, fact: { ...fact, record: await this.withConsoles(fact, consoles) } });
    }
    return found;
  }

  private takeUp({ facts, grounds, begun }: Heard): void {
    for (const { fact } of facts) this.add(fact);
    this.grounds.push(...grounds);
    this.begun.push(...begun);
  }

  private count({ sha256: trace, cold }: Pick<BootFact, 'sha256' | 'cold'>): void {
    if (!cold) this.deciding.set(trace, this.bootsOf({ sha256: trace }) + 1);
  }

  private add(fact: BootFact): void {
    this.facts.push(fact);
    this.count(fact);
    const key = keyOf(fact);
    const known = this.byKey.get(key);
    if (known === undefined) this.byKey.set(key, [fact]);
    else known.push(fact);
  }

  private write(value: unknown): Promise<void> {
    return this.orSay(() => this.append(value));
  }

  private async append(value: unknown): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    await appendLine(this.path, value);
  }

  /** Where the host cannot keep something, the run goes on without. */
  private async orSay(keep: () => Promise<void>): Promise<void> {
    try {
      await keep();
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

function keyOf({ sha256: trace, state, retry, seed }: Asked): string {
  return `${trace} ${state} ${retry} ${seed}`;
}
