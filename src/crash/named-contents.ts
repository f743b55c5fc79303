import { contentOf } from '../filesystem/content.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import type { Place } from '../filesystem/place.ts';
import type { DiskView } from '../filesystem/view.ts';
import { Damage } from '../package/archive/damage.ts';
import { fieldValue } from '../package/control/stanza.ts';
import { readStanzas } from '../package/control/stanzas.ts';
import { packagesInDatabase } from '../package/rpm/database.ts';

/** A piece of a file as it was written: a text's last block is filled with zeros. */
interface Piece {
  path: string;
  /** Where it begins in the file. */
  offset: number;
  bytes: Buffer;
  /** Whether it is the whole file. */
  isWhole: boolean;
}

/** What a piece changes, beside the files of its file system before it, and after a change of more than this file. */
type Changes = (piece: Piece, before: FileTree | undefined, after: FileTree | undefined) => string[];

/** Of rpm's database and its log: beyond it, reasons do not name its packages. */
const mostDatabaseBytes = 64 << 20;

/** Files whose content says more than their name. */
const meanings: readonly { path: RegExp; changes: Changes }[] = [
  // dpkg's list with its journal (lib/dpkg/dbmodify.c), and opkg's, which has the same form.
  { path: /\/(?:dpkg|opkg)\/(?:status(?:-new|-old)?|updates\/\d+)$/, changes: packageChanges },
  // A branch of an OSTree repository (src/libostree/ostree-repo-refs.c).
  { path: /\/repo\/refs\/(?:heads|remotes|mirrors)\/.+$/, changes: refChanges },
  // rpm's database, and SQLite's write-ahead log beside it.
  { path: /\/rpmdb\.sqlite(?:-wal)?$/, changes: rpmChanges },
];

/**
 * What bytes that were written to a file change, where it is one that brownout knows the meaning of: packages in the
 * list of what is installed (`package tool from 1.0 installed to 2.0 unpacked`) or in rpm's database, the commit that a branch of OSTree names.
 * `before`: the volume before the write; `bytes`: those of the place.
 */
export function pieceChanges({ content }: Place, before: DiskView, bytes: Buffer): string[] {
  if (content.kind !== 'file') return [];
  const { path, offset } = content;
  const changes = meaningOf(path);
  if (changes === undefined) return [];
  return changes({ path, offset, bytes, isWhole: false }, filesOf(before), undefined);
}

/** The same of a whole file that has another content in another state of its volume, as by a rename. */
export function contentChanges(path: string, before: DiskView, after: DiskView): string[] {
  const changes = meaningOf(path);
  const files = changes && filesOf(after);
  const bytes = files?.read(path, mostDatabaseBytes);
  if (changes === undefined || bytes === undefined) return [];
  return changes({ path, offset: 0, bytes, isWhole: true }, filesOf(before), files);
}

function meaningOf(path: string): Changes | undefined {
  return meanings.find((one) => one.path.test(path))?.changes;
}

function filesOf(view: DiskView): FileTree | undefined {
  const volume = contentOf(view);
  return volume.kind === 'files' ? volume.files : undefined;
}

/** A piece of a text up to its first zero, and whether the text begins and ends in it. */
function textOf({ offset, bytes, isWhole }: Piece): { text: string; isBegin: boolean; isEnd: boolean } {
  const zeros = bytes.indexOf(0);
  const text = bytes.toString('utf8', 0, zeros < 0 ? bytes.length : zeros);
  return { text, isBegin: offset === 0, isEnd: isWhole || zeros >= 0 };
}

function packageChanges(piece: Piece, before: FileTree | undefined): string[] {
  const { path } = piece;
  const { text, isBegin, isEnd } = textOf(piece);
  const list = path.replace(/\/(?:status[^/]*|updates\/\d+)$/, '/status');
  const old = new Map(packagesIn(before?.read(list)?.toString('utf8') ?? ''));
  const parted = '\n\n';
  const first = isBegin ? 0 : text.indexOf(parted);
  const whole = first < 0 ? '' : text.slice(first, isEnd ? undefined : text.lastIndexOf(parted));
  return packagesIn(whole).flatMap(([name, now]) => {
    const was = old.get(name);
    if (was === now) return [];
    return [was === undefined ? `package ${name} as ${now}` : `package ${name} from ${was} to ${now}`];
  });
}

/** Each package with its version and what became of it: `2.0 unpacked`. */
function packagesIn(text: string): [name: string, state: string][] {
  return [...readStanzas(text)].flatMap(({ stanza }): [string, string][] => {
    const [name, version, status] = ['Package', 'Version', 'Status'].map((field) =>
      fieldValue(stanza, field),
    );
    if (name === undefined || status === undefined) return [];
    // The third word; before it come what is wanted, and flags (deb-installed states in dpkg(1)).
    return [[name, [version ?? 'without a version', status.split(/\s+/)[2] ?? status].join(' ')]];
  });
}

function refChanges(piece: Piece, before: FileTree | undefined): string[] {
  const { path } = piece;
  const { text, isBegin } = textOf(piece);
  const commit = (content: string | undefined) =>
    /^[0-9a-f]{64}$/.exec(content?.trim() ?? '')?.[0].slice(0, 12);
  const now = isBegin ? commit(text) : undefined;
  if (now === undefined) return [];
  const ref = path.replace(/^.*\/repo\/refs\/(?:heads|remotes|mirrors)\//, '');
  const was = commit(before?.read(path)?.toString('utf8'));
  return [`ref ${ref} ${was === undefined ? 'as' : `from ${was} to`} ${now}`];
}

/** What the next program that opens the database finds otherwise: a page that is only half of a change says nothing. */
function rpmChanges({ path, offset, bytes }: Piece, before: FileTree | undefined, after = before): string[] {
  if (offset + bytes.length > mostDatabaseBytes) return [];
  const database = path.replace(/-wal$/, '');
  const pair = [database, `${database}-wal`];
  const read = (files: FileTree | undefined, name: string) => files?.read(name, mostDatabaseBytes);
  const old = rpmPackages(pair.map((name) => read(before, name)));
  const now = rpmPackages(
    pair.map((name) => (name === path ? patched(read(after, name), offset, bytes) : read(after, name))),
  );
  if (old === undefined || now === undefined) return [];
  return [...new Set([...now.keys(), ...old.keys()])].flatMap((name) => {
    const [was, is] = [old, now].map((packages) => packages.get(name)?.join(' and '));
    if (was === is) return [];
    if (is === undefined) return [`package ${name} from ${was} to none`];
    return [was === undefined ? `package ${name} as ${is}` : `package ${name} from ${was} to ${is}`];
  });
}

/** Undefined where the files are no database that can be read. */
function rpmPackages([file, log]: readonly (Buffer | undefined)[]): Map<string, string[]> | undefined {
  if (file === undefined) return undefined;
  try {
    return packagesInDatabase(file, log);
  } catch (error) {
    if (error instanceof Damage) return undefined;
    throw error;
  }
}

/** A file after a write into it, which may have made it longer. */
function patched(file: Buffer | undefined, offset: number, bytes: Buffer): Buffer {
  const old = file ?? Buffer.alloc(0);
  const made = Buffer.alloc(Math.max(old.length, offset + bytes.length));
  old.copy(made);
  bytes.copy(made, offset);
  return made;
}
