import { copyFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolders } from '../core/make-folders.ts';
import type { CutRecord } from '../model/record.ts';
import { withConsoles } from './boot-fact.ts';

/** The consoles of failures that workers of a ledger have seen. */
export class KeptConsoles {
  private readonly runFolder: string;
  private readonly prefix: string;

  /** `prefix`: distinguishes this run's from those of others. */
  constructor({ folder }: { folder: string }, prefix: string) {
    this.runFolder = folder;
    this.prefix = prefix;
  }

  /** A record whose consoles, where it failed, lie in `to` of a ledger; without one nowhere. */
  async keep(record: CutRecord, to: string | undefined): Promise<CutRecord> {
    const kept = new Map<string, string>();
    if (to !== undefined && record.verdict === 'failed')
      for (const console of consolesOf(record)) {
        const name = `${this.prefix}-${basename(console)}`;
        if (await copied(join(this.runFolder, console), join(to, name))) kept.set(console, name);
      }
    return withConsoles(record, (console) => kept.get(console));
  }

  /** A record whose consoles, where it failed, lie with this run, as far as `from` of a ledger has them. */
  async take(record: CutRecord, from: string | undefined): Promise<CutRecord> {
    const here = new Map<string, string>();
    if (from !== undefined && record.verdict === 'failed')
      for (const console of consolesOf(record)) {
        const path = join('console', basename(console));
        if (await copied(join(from, basename(console)), join(this.runFolder, path))) here.set(console, path);
      }
    return withConsoles(record, (console) => here.get(console));
  }
}

function consolesOf({ console, checks }: CutRecord): Set<string> {
  return new Set([console, ...checks.map((check) => check.console)].filter((one) => one !== undefined));
}

/** Whether a file could be copied. */
async function copied(from: string, to: string): Promise<boolean> {
  try {
    await makeFolders(dirname(to));
    await copyFile(from, to);
    return true;
  } catch {
    return false;
  }
}
