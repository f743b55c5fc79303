import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { appendLine, readLines } from '../core/checked-lines.ts';
import { sha256 } from '../core/digest.ts';
import { messageOf } from '../core/errors.ts';
import { programDigest } from '../core/program-digest.ts';
import type { RunContext } from '../device/run-context.ts';
import type { BootRequest } from '../explore/boot.ts';
import { type BootFact, restoreFact, storeFact } from './boot-fact.ts';

/** Which boot a fact stands for. */
type Asked = Pick<BootRequest, 'retry' | 'seed'> & { sha256: string; state: string };

/**
 * The boots of a recording's states that runs have made, each in a file of its own that lies with the recording. What
 * decides besides the recording and its inputs (this program's code, how states are compared, how much a device may
 * write) names the folder: facts of another judge are not looked at, and are gone with the next run.
 * A fact stands for one boot: once taken, the next one that is asked for is made.
 */
export class BootLedger {
  private readonly path: string;
  private readonly notice: (text: string) => void;
  /** In the order in which they were kept. */
  private readonly facts: readonly BootFact[];
  private readonly byKey = new Map<string, BootFact[]>();
  private broken = false;
  /** Boots of this run that are kept. */
  kept = 0;

  private constructor(path: string, notice: (text: string) => void, facts: readonly BootFact[]) {
    this.path = path;
    this.notice = notice;
    this.facts = facts;
    for (const fact of facts) this.byKey.set(keyOf(fact), [...(this.byKey.get(keyOf(fact)) ?? []), fact]);
  }

  /** `folder`: of the recording. Where facts cannot be read, they are left out with a notice. */
  static async open(
    { runId, notice, diskBudget }: Pick<RunContext, 'runId' | 'notice' | 'diskBudget'>,
    folder: string,
    { canonical }: { canonical: boolean },
  ): Promise<BootLedger> {
    const judge = sha256(JSON.stringify([await programDigest(), diskBudget ?? null])).slice(0, 16);
    const own = join(folder, 'boots', judge, canonical ? 'canonical' : 'raw');
    for (const other of await readdir(dirname(dirname(own))).catch(() => []))
      if (other !== judge) await rm(join(folder, 'boots', other), { recursive: true, force: true });
    const facts: BootFact[] = [];
    let damaged = 0;
    for (const name of (await readdir(own).catch(() => [])).sort()) {
      const lines = readLines(await readFile(join(own, name), 'utf8'));
      const restored = lines.values.map(restoreFact);
      facts.push(...restored.filter((fact) => fact !== undefined));
      damaged += lines.damaged + restored.filter((fact) => fact === undefined).length;
    }
    if (damaged > 0)
      notice(
        `${damaged} of ${damaged + facts.length} boots of earlier runs in ${own} cannot be read, and are made again`,
      );
    const path = join(own, `${new Date().toISOString()}-${runId}-${randomBytes(4).toString('hex')}`);
    return new BootLedger(path, notice, facts);
  }

  /** The facts of a trace, in the order in which they were kept. */
  of(trace: { sha256: string }): BootFact[] {
    return this.facts.filter((fact) => fact.sha256 === trace.sha256);
  }

  /** Takes a fact that stands for such a boot; undefined where there is none, or none any more. */
  take(asked: Asked): BootFact | undefined {
    return this.byKey.get(keyOf(asked))?.shift();
  }

  /** Keeps a boot of this run for later ones. Where the host cannot, it says so once. */
  async keep(fact: BootFact): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true });
      await appendLine(this.path, storeFact(fact));
      this.kept += 1;
    } catch (error) {
      if (!this.broken) this.notice(`boots are not kept for later runs: ${messageOf(error)}`);
      this.broken = true;
    }
  }
}

function keyOf({ sha256: trace, state, retry, seed }: Asked): string {
  return `${trace} ${state} ${retry} ${seed}`;
}
