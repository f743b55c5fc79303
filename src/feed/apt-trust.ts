import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What apt asks of a feed of debs before it takes anything from it. */
export interface AptTrust {
  /** Whether each index has a signature: `InRelease`, or `Release.gpg` beside `Release` (apt-secure(8)). */
  signed: boolean;
  /** The newest `Date` of its Release files: to a clock that is behind it, apt says "not valid yet". */
  date: Date | undefined;
}

/** Reads the Release files of a feed that is there, however many folders it has. */
export async function aptTrustOf(folder: string): Promise<AptTrust> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = (pattern: RegExp) => entries.filter((entry) => entry.isFile() && pattern.test(entry.name));
  const signed = new Set(found(/^(InRelease|Release\.gpg)$/).map(({ parentPath }) => parentPath));
  const indexed = found(/^Packages(\.gz)?$/).map(({ parentPath }) => parentPath);
  const dates: number[] = [];
  for (const { parentPath, name } of found(/^(InRelease|Release)$/)) {
    const text = await readFile(join(parentPath, name), 'latin1');
    const time = Date.parse(/^Date: *(.+)$/m.exec(text)?.[1] ?? '');
    if (!Number.isNaN(time)) dates.push(time);
  }
  return {
    signed: indexed.every((place) => signed.has(place)),
    date: dates.length === 0 ? undefined : new Date(Math.max(...dates)),
  };
}
