import { Damage } from '../archive/damage.ts';
import { introBytes, magic, numbersOf, parseHeader, textOf } from './header.ts';
import { evrOf } from './labels.ts';
import { SqlitePages } from './sqlite-pages.ts';
import { rowsOf } from './sqlite-table.ts';
import { tags } from './tags.ts';

/**
 * The packages of rpm's database, `rpmdb.sqlite` and the write-ahead log beside it: the versions of each name as
 * `[EPOCH:]VERSION-RELEASE`, sorted; during an upgrade there are two. Each row of the table Packages is a number and a
 * header without its first 8 bytes (rpm 4.18, lib/backend/sqlite.c). Throws Damage where it is not such a database, or is
 * not whole.
 */
export function packagesInDatabase(file: Buffer, log?: Buffer): Map<string, string[]> {
  const rows = readable(() => rowsOf(new SqlitePages(file, log), 'Packages'));
  if (rows === undefined) throw new Damage('it has no table of packages');
  const found = new Map<string, string[]>();
  for (const [, blob] of rows) {
    if (!Buffer.isBuffer(blob)) throw new Damage('a package without a header');
    const { name, version } = readable(() => labelOf(blob));
    found.set(name, [...(found.get(name) ?? []), version].sort());
  }
  return found;
}

/** What is read behind the end of a file is damage, too. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? new Damage('it ends early', { cause: error }) : error;
  }
}

function labelOf(blob: Buffer): { name: string; version: string } {
  if (blob.length < introBytes - magic.length) throw new Damage(`a header of ${blob.length} bytes`);
  // What was added when the package was installed lies behind the region, as with a signature.
  const header = parseHeader(Buffer.concat([magic, blob]), 'signature');
  const [name, version, release] = [tags.name, tags.version, tags.release].map((tag) => textOf(header, tag));
  if (name === undefined) throw new Damage('a package without a name');
  const [epoch] = numbersOf(header, tags.epoch);
  const numbered = epoch === undefined ? {} : { epoch };
  return { name, version: evrOf({ ...numbered, version: version ?? '', release: release ?? '' }) };
}
