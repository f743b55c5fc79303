import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readLines } from '../core/checked-lines.ts';

/** What has been added to files since they were last read. */
export interface Grown {
  /** In the order in which they lie there, the files by their names. */
  values: { file: string; value: unknown }[];
  /** Lines that are not as they were written, also such that somebody may be in the middle of. */
  damaged: number;
}

/** The files of a folder, each of which one process adds checked lines to. */
export class GrowingFiles {
  private readonly folder: string;
  private readonly except: string;
  /** How far each was read: up to the end of a line. */
  private readonly read = new Map<string, number>();

  /** `except`: a file that is not read. The folder need not be there yet. */
  constructor(folder: string, except: string) {
    this.folder = folder;
    this.except = except;
  }

  /** What was added. A line without its end is read again when it has grown. */
  async more(): Promise<Grown> {
    const values: Grown['values'] = [];
    let damaged = 0;
    for (const name of (await readdir(this.folder).catch(() => [])).sort()) {
      if (name === this.except) continue;
      const grown = await this.moreOf(name);
      values.push(...grown.values.map((value) => ({ file: name, value })));
      damaged += grown.damaged;
    }
    return { values, damaged };
  }

  private async moreOf(name: string): Promise<{ values: unknown[]; damaged: number }> {
    const from = this.read.get(name) ?? 0;
    await using file = await open(join(this.folder, name), 'r');
    const { size } = await file.stat();
    if (size <= from) return { values: [], damaged: 0 };
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const data = buffer.subarray(0, bytesRead);
    const end = data.lastIndexOf(10) + 1;
    this.read.set(name, from + end);
    const lines = readLines(data.toString('utf8', 0, end));
    return { values: lines.values, damaged: lines.damaged + (end < data.length ? 1 : 0) };
  }
}
