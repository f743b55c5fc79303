import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendLine } from '../core/checked-lines.ts';
import { sha256 } from '../core/digest.ts';
import { messageOf } from '../core/errors.ts';
import { makeFolders } from '../core/make-folders.ts';
import { programDigest } from '../core/program-digest.ts';
import { takeTurn } from '../core/turn.ts';
import type { RunContext } from '../device/run-context.ts';
import type { CutRecord } from '../model/record.ts';
import type { Recording } from '../recording/recordings.ts';
import type { WriteLog } from '../writelog/log.ts';
import { type BootFact, restoreFact, storeFact } from './boot-fact.ts';
import { BootsUnderWay, isSameBoot, type ToBegin, usualLeaseMs } from './boots-under-way.ts';
import {
  dropGround,
  groundsFolder,
  hasGround,
  openGround,
  type RecordedGround,
  storeGround,
  traceDigest,
} from './grounds.ts';
import { GrowingFiles } from './growing-files.ts';
import { KeptConsoles } from './kept-consoles.ts';
import { type Asked, type Begun, type LedgerWord, readWord } from './ledger-word.ts';

/** A ledger that several workers have, or had: a folder with what each has booted. */
export interface SharedLedger {
  folder: string;
  /** Ledgers that are read too. */
  besides: readonly string[];
  /** Whether others may be at work. */
  live: boolean;
  /** Milliseconds without a sign of life after which others are taken for dead; as usual where absent. */
  leaseMs?: number;
}

/** What is read: what others have booted, each with the file that it is in, recorded, begun and ended. */
interface Heard {
  facts: { file: string; fact: BootFact }[];
  grounds: RecordedGround[];
  words: { file: string; word: LedgerWord }[];
  damaged: number;
}

/** Milliseconds between two looks at what others do, where there is nothing else to do: at first, and at most. */
const [leastPause, mostPause] = [25, 1000];

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
  private readonly keptConsoles: KeptConsoles;
  private readonly files: GrowingFiles;
  /** In the order in which they were made. */
  private readonly facts: BootFact[] = [];
  private readonly byKey = new Map<string, BootFact[]>();
  /** By trace, this run's among them. */
  private readonly deciding = new Map<string, number>();
  /** What others are making; absent: nobody is. */
  private readonly underWay: BootsUnderWay | undefined;
  private pauseMs = leastPause;
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
      leaseMs,
      consoles,
      groundFolders,
    }: {
      live: boolean;
      leaseMs: number;
      consoles: string | undefined;
      groundFolders: readonly string[];
    },
  ) {
    this.context = context;
    this.path = path;
    this.live = live;
    this.consoles = consoles;
    this.groundFolders = groundFolders;
    this.files = new GrowingFiles(dirname(path), basename(path));
    this.keptConsoles = new KeptConsoles(context, basename(path));
    if (live) this.underWay = new BootsUnderWay(dirname(path), basename(path), leaseMs);
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
      leaseMs: shared?.leaseMs ?? usualLeaseMs,
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
    const hear = this.hearing.then(async () => {
      const heard = await this.heard(this.files, this.consoles);
      if (heard.facts.length + heard.words.length > 0) this.pauseMs = leastPause;
      await this.takeUp(heard);
    });
    this.hearing = hear.catch(() => undefined);
    return hear;
  }

  /** Waits a little for what others do, the longer the longer nothing was heard of them. */
  async pause(): Promise<void> {
    await sleep(this.pauseMs);
    this.pauseMs = Math.min(mostPause, this.pauseMs * 1.5);
  }

  /** Does `work` while no other worker does, told all that there is to tell. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    let turn: AsyncDisposable | undefined;
    if (this.live && !this.broken)
      await this.orSay(async () => {
        turn = await takeTurn(`${dirname(this.path)}.turn`);
      });
    try {
      if (this.live) await this.hear();
      return await work();
    } finally {
      await turn?.[Symbol.asyncDispose]();
    }
  }

  /**
   * What others tell of a trace, each time what they have booted since it was last asked, at first nothing; and what they are
   * making now.
   */
  newsOf({ sha256: trace }: { sha256: string }): () => { facts: BootFact[]; begun: Begun[] } {
    let facts = this.facts.length;
    return () => {
      const news = this.facts.slice(facts).filter((fact) => fact.sha256 === trace);
      facts = this.facts.length;
      return { facts: news, begun: this.elsewhere({ sha256: trace }) };
    };
  }

  /** What others are making of a trace. */
  elsewhere({ sha256: trace }: { sha256: string }): Begun[] {
    return (this.underWay?.elsewhere ?? []).filter((begun) => begun.sha256 === trace);
  }

  /**
   * The fact of such a boot, or what is to be called once it was made here; while another worker makes one, this waits for that.
   */
  async obtain(asked: ToBegin, signal: AbortSignal): Promise<BootFact | (() => Promise<void>)> {
    for (;;) {
      signal.throwIfAborted();
      const known = this.take(asked);
      if (known !== undefined) return known;
      if (this.underWay === undefined || this.underWay.isOwn(asked)) return () => Promise.resolve();
      const found = await this.inTurn(async () => {
        const heard = this.take(asked);
        if (heard !== undefined) return heard;
        const isElsewhere = this.elsewhere(asked).some((begun) => isSameBoot(begun, asked) && !begun.ground);
        return isElsewhere ? undefined : this.begin(asked);
      });
      if (found !== undefined) return found;
      await this.pause();
    }
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

  /** Tells others that such a boot is about to be made; returns what tells them that it is over. */
  async begin(boot: ToBegin): Promise<() => Promise<void>> {
    const { underWay } = this;
    if (underWay === undefined) return () => Promise.resolve();
    const begun = underWay.begin(boot);
    await this.write({ begun });
    return async () => {
      underWay.end(begun.number);
      await this.write({ over: begun.number });
    };
  }

  /** Keeps a boot of this run for later ones, or others. Where the host cannot, it says so once. */
  async keep(fact: Omit<BootFact, 'host'>): Promise<void> {
    const { verdict } = fact.record;
    // What is shown by a boot of the run that tells it has its console.
    if (verdict !== 'passed' && (verdict !== 'failed' || this.consoles === undefined)) return;
    this.count(fact);
    const record = await this.keptConsoles.keep(fact.record, this.consoles);
    await this.write(storeFact({ ...fact, record, host: hostname() }));
    if (!this.broken) this.kept += 1;
  }

  /** Reads all that there is, and says how much of it cannot be. */
  private async read(all: { files: GrowingFiles; consoles: string | undefined }[]): Promise<void> {
    const found: Heard = { facts: [], grounds: [], words: [], damaged: 0 };
    const known = new Set<string>();
    for (const { files, consoles } of all) {
      const { facts, grounds, words, damaged } = await this.heard(files, consoles);
      found.facts.push(...newIn(known, facts));
      found.grounds.push(...grounds);
      found.words.push(...words);
      found.damaged += damaged;
    }
    // Names begin with the time: so it does not matter which ledger is read first.
    found.facts.sort((a, b) => (a.file < b.file ? -1 : Number(a.file > b.file)));
    await this.takeUp(found);
    const { damaged } = found;
    if (damaged > 0)
      this.context.notice(
        `${damaged} of ${damaged + this.facts.length} boots of earlier runs in ${dirname(this.path)} cannot be read, and are made again`,
      );
  }

  private async heard(files: GrowingFiles, consoles: string | undefined): Promise<Heard> {
    const { values, damaged } = await files.more();
    const found: Heard = { facts: [], grounds: [], words: [], damaged };
    for (const { file, value } of values) {
      const word = readWord(value);
      const { ground } = word;
      if (ground !== undefined && (await hasGround(this.groundFolders, ground))) found.grounds.push(ground);
      if (Object.keys(word).length > 0) {
        found.words.push({ file, word });
        continue;
      }
      const fact = restoreFact(value);
      if (fact === undefined) found.damaged += 1;
      else found.facts.push({ file, fact: { ...fact, record: await this.taken(fact, consoles) } });
    }
    return found;
  }

  private async taken({ record, host }: BootFact, consoles: string | undefined): Promise<CutRecord> {
    const known = await this.keptConsoles.take(record, consoles);
    return this.consoles === undefined ? known : { ...known, host };
  }

  private async takeUp({ facts, grounds, words }: Heard): Promise<void> {
    for (const { fact } of facts) this.add(fact);
    this.grounds.push(...grounds);
    for (const { file, word } of words) this.underWay?.note(file, word);
    await this.underWay?.look();
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
    await makeFolders(dirname(this.path));
    await appendLine(this.path, value);
  }

  /** Where the host cannot keep something, the run goes on without. */
  private async orSay(keep: () => Promise<void>): Promise<void> {
    try {
      await keep();
    } catch (error) {
      const what = this.live
        ? `boots are not shared with other workers any more, and this one goes on alone; make room in ${dirname(this.path)}, and begin it again`
        : 'boots are not kept for later runs';
      if (!this.broken) this.context.notice(`${what}: ${messageOf(error)}`);
      this.broken = true;
    }
  }
}

/**
 * The facts of a ledger that no copy of the same file has told before. Of one file two boots may have begun in one millisecond, and
 * be alike in all that names them: then it is their number that counts.
 */
function newIn(known: Set<string>, facts: Heard['facts']): Heard['facts'] {
  const times = new Map<string, number>();
  return facts.filter(({ file, fact }) => {
    const name = [file, fact.booted, keyOf(fact), fact.record.id].join(' ');
    const number = (times.get(name) ?? 0) + 1;
    times.set(name, number);
    const isNew = !known.has(`${name} ${number}`);
    known.add(`${name} ${number}`);
    return isNew;
  });
}

function keyOf({ sha256: trace, state, retry, seed }: Asked): string {
  return `${trace} ${state} ${retry} ${seed}`;
}
