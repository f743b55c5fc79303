import { unlessMalformed } from '../malformed.ts';
import type { DiskView } from '../view.ts';
import { fatFiles } from './files.ts';

/** Names of one directory that are compared. */
const mostNames = 500;

/**
 * What differs in one directory of two states of a FAT, and which of its files have not got all of their clusters afterwards: an
 * entry has a size of its own, whatever the table says. Nothing where either cannot be read.
 */
export function directoryChanges(before: DiskView, after: DiskView, path: string): string[] {
  return unlessMalformed(
    () => changesOf(fatFiles(before), fatFiles(after), path),
    () => [],
  );
}

type Files = ReturnType<typeof fatFiles>;

function changesOf(old: Files, now: Files, path: string): string[] {
  const [from, to] = [old, now].map((files) => files.names(path).slice(0, mostNames));
  const within = (name: string) => `${path === '/' ? '' : path}/${name}`;
  const names = [...new Set([...(from ?? []), ...(to ?? [])])];
  return names.flatMap((name) => {
    const file = within(name);
    const [was, is] = [old.facts(file), now.facts(file)];
    if (is === undefined) return was === undefined ? [] : [`the removal of ${file}`];
    const chain = is.kind === 'file' ? (now.read(file, is.bytes)?.length ?? 0) : is.bytes;
    const short = chain < is.bytes ? [`${file} has clusters for ${chain} of its ${is.bytes} bytes`] : [];
    if (was === undefined) return [`the new name ${file}`, ...short];
    if (was.bytes !== is.bytes) return [`the size of ${file} (${was.bytes} to ${is.bytes} bytes)`, ...short];
    return [];
  });
}
