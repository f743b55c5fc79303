import { posix } from 'node:path';
import { didYouMean } from '../document/suggest.ts';
import { absolute, type NewTarEntry } from '../package/archive/tar.ts';
import type { PackagedFile } from '../package/packaged-file.ts';
import type { FileChange } from './recipe.ts';

/** A file of the next release whose content or mode is new. */
interface ChangedFile {
  content?: Buffer;
  mode?: number;
}

/** What becomes of the files of a package. */
export interface FilesPlan {
  /** Entries that stay as they are or are changed. */
  kept: readonly PackagedFile[];
  /** Paths of entries that are taken away. */
  gone: ReadonlySet<string>;
  changed: ReadonlyMap<string, ChangedFile>;
  /** Folders before what is in them. */
  added: readonly NewTarEntry[];
  /** For people: `/etc/motd changed`. */
  what: readonly string[];
}

/** Says what is wrong with one path of the recipe. */
type Complain = (path: string, message: string) => void;

/** Applies the changes of files to what a package has; pure. */
export function planFiles(
  files: readonly PackagedFile[],
  changes: Readonly<Record<string, FileChange>>,
  complain: Complain,
): FilesPlan {
  const known = new Map(files.map((file) => [file.path, file]));
  const what: string[] = [];
  const gone = new Set<string>();
  const changed = new Map<string, ChangedFile>();
  const fresh: NewTarEntry[] = [];
  for (const [path, change] of Object.entries(changes)) {
    const old = known.get(path);
    if (old === undefined && needsOld(change)) {
      complain(path, `the package has no file ${JSON.stringify(path)}${didYouMean(path, [...known.keys()])}`);
    } else if (change === 'removed') {
      gone.add(path);
      what.push(`${path} removed`);
    } else if (change.link !== undefined) {
      gone.add(path);
      fresh.push({ path, type: 'symlink', target: change.link });
      what.push(`${path} ${old === undefined ? 'added' : 'changed'}`);
    } else if (old === undefined) {
      fresh.push({
        path,
        type: 'file',
        mode: change.mode ?? 0o644,
        content: Buffer.from(change.content ?? ''),
      });
      what.push(`${path} added`);
    } else if (old.type !== 'file') {
      complain(
        path,
        `${path} is a ${old.type.replace('-', ' ')}${old.type === 'link' ? ` to ${old.target ?? ''}` : ''}, not a file`,
      );
    } else {
      const content = changedContent(old.content ?? Buffer.alloc(0), change);
      if (content === undefined)
        complain(path, `${path} does not have the text ${JSON.stringify(change.replace)}`);
      changed.set(path, {
        ...(content === undefined || content === old.content ? {} : { content }),
        ...(change.mode === undefined ? {} : { mode: change.mode }),
      });
      what.push(`${path} changed`);
    }
  }
  const kept = files.filter(({ path }) => !isBelow(path, gone));
  const taken = new Set(files.filter(({ path }) => isBelow(path, gone)).map(({ path }) => path));
  checkLinks(kept, taken, complain);
  return { kept, gone: taken, changed, added: withFolders(kept, fresh, complain), what };
}

function needsOld(change: FileChange): boolean {
  return change === 'removed' || (change.content === undefined && change.link === undefined);
}

/** Undefined where the text to be replaced is not there. Bytes that are no UTF-8 stay as they are. */
function changedContent(old: Buffer, change: Exclude<FileChange, 'removed'>): Buffer | undefined {
  if (change.content !== undefined) return Buffer.from(change.content);
  if (change.append !== undefined) return Buffer.concat([old, Buffer.from(change.append)]);
  if (change.replace === undefined) return old;
  const bytes = (text: string) => Buffer.from(text).toString('latin1');
  const parts = old.toString('latin1').split(bytes(change.replace));
  return parts.length === 1 ? undefined : Buffer.from(parts.join(bytes(change.with ?? '')), 'latin1');
}

/** Whether a path or a folder that it lies in is one of these. */
function isBelow(path: string, folders: ReadonlySet<string>): boolean {
  for (let at = path; at !== '/'; at = posix.dirname(at)) if (folders.has(at)) return true;
  return false;
}

/** A hard link stands for a file of the same archive. */
export function checkLinks(
  kept: readonly PackagedFile[],
  gone: ReadonlySet<string>,
  complain: Complain,
): void {
  for (const { path, type, target } of kept) {
    const to = type === 'link' ? absolute(target ?? '') : '';
    if (gone.has(to)) complain(to, `${path} is a hard link to ${to} and stays; take both`);
  }
}

/** Puts the folders that a package does not have yet before what is added in them. */
function withFolders(
  kept: readonly PackagedFile[],
  fresh: readonly NewTarEntry[],
  complain: Complain,
): NewTarEntry[] {
  const types = new Map(kept.map(({ path, type }) => [path, type]));
  const entries: NewTarEntry[] = [];
  for (const entry of fresh) {
    const missing: NewTarEntry[] = [];
    for (let at = posix.dirname(entry.path); at !== '/'; at = posix.dirname(at)) {
      const type = types.get(at);
      if (type === undefined) missing.unshift({ path: at, type: 'directory', mode: 0o755 });
      else if (type !== 'directory') complain(entry.path, `${at} is a ${type} in this package, not a folder`);
      types.set(at, type ?? 'directory');
    }
    entries.push(...missing, entry);
    types.set(entry.path, entry.type);
  }
  return entries;
}
