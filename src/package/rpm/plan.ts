import type { ContentEdit } from '../package-edit.ts';
import type { ListedFile } from './file-lists.ts';
import { isRegular, type RpmListedFile } from './files.ts';
import { numbersOf, type RpmHeader } from './header.ts';
import { modeOf } from './payload.ts';
import { fileFlags, tags } from './tags.ts';

/** A file of the new list. */
export interface PlannedFile {
  path: string;
  listed: ListedFile;
  /** Undefined for one that is new. */
  before?: RpmListedFile;
  /** Only of a new one. */
  seconds?: number;
  isGhost: boolean;
  /** What it takes on the disk; 0 for what takes nothing of its own, or is not known yet. */
  bytes: number;
}

/** What a file has in it. */
export interface NewContent {
  bytes: number;
  digest: string;
}

/** The new list of files: old ones in their order, new ones between them by their paths. */
export function planList(
  { header, files }: { header: RpmHeader; files: readonly RpmListedFile[] },
  { data = {}, conffiles, flags }: ContentEdit & { flags?: ReadonlyMap<string, number> },
): PlannedFile[] {
  const { drops = () => false, changed, added = [] } = data;
  const flagsOf = configFlags(conffiles);
  const planned = files.flatMap((before, old): PlannedFile[] => {
    const { path } = before;
    if (drops(path)) return [];
    const mode = changed?.get(before.linkTo ?? path)?.mode;
    const listed = {
      old,
      flags: flagsOf(path, before.flags),
      ...(mode === undefined ? {} : { mode: (before.mode & ~0o7777) | mode }),
    };
    return [{ path, listed, before, isGhost: isGhost(before.flags), bytes: ownBytes(before) }];
  });
  const seconds = numbersOf(header, tags.fileTimes)[0] ?? numbersOf(header, tags.buildTime)[0] ?? 0;
  for (const file of added) {
    const { path } = file;
    const target = file.type === 'symlink' ? file.target : '';
    const bits = flagsOf(path, flags?.get(path) ?? 0);
    const listed = { path, mode: modeOf(file), bytes: 0, digest: '', target, flags: bits, seconds };
    const at = planned.findLastIndex((one) => one.path < path) + 1;
    planned.splice(at, 0, { path, listed: { added: listed }, seconds, isGhost: isGhost(bits), bytes: 0 });
  }
  return planned;
}

/** The flags of a file when the list of configuration files is this one; undefined leaves it as it is. */
function configFlags(conffiles: readonly string[] | undefined): (path: string, old: number) => number {
  if (conffiles === undefined) return (_, old) => old;
  const lines = new Map(conffiles.map((line) => [line.replace(/^noreplace /, ''), line]));
  return (path, old) => {
    const line = lines.get(path);
    const bits = (line === undefined ? 0 : fileFlags.config) | (line === path ? 0 : fileFlags.noReplace);
    return (old & ~(fileFlags.config | fileFlags.noReplace)) | (line === undefined ? 0 : bits);
  };
}

/** A file when the contents are known, by the path of the file that has them. */
export function completed(file: PlannedFile, contents: ReadonlyMap<string, NewContent>): PlannedFile {
  const content = contents.get(file.before?.linkTo ?? file.path);
  if (content === undefined) return file;
  const { bytes, digest } = content;
  const taken = file.before?.linkTo === undefined ? bytes : 0;
  if ('old' in file.listed) return { ...file, listed: { ...file.listed, bytes, digest }, bytes: taken };
  const { added } = file.listed;
  const listed = { added: { ...added, bytes, digest: isRegular(added.mode) ? digest : '' } };
  return { ...file, listed, bytes: taken };
}

/** The size of what is installed, as rpmbuild counts it: contents and targets of links, of hard links one. */
export function installedBytes(files: readonly PlannedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function ownBytes({ mode, flags, linkTo, bytes, target }: RpmListedFile): number {
  if (isGhost(flags) || linkTo !== undefined) return 0;
  return isRegular(mode) || target !== '' ? bytes : 0;
}

function isGhost(flags: number): boolean {
  return (flags & fileFlags.ghost) !== 0;
}
