import { sha256 } from '../core/digest.ts';
import type { CopyRecord, Fate, FileFate } from '../model/configuration.ts';
import { caseOf, type FileHistory } from './conffile-case.ts';
import { holdsChanges } from './merge.ts';
import type { FileCopy, FileState } from './observation.ts';
import { isShipped, type Shipping } from './shipped.ts';

/** One file's history, and what is there now. */
export interface FileChange extends FileHistory {
  after: FileState;
}

/** What became of one file, and where the other contents are. */
export function fileFate(change: FileChange): FileFate {
  const { before, after, shippedBefore, shippedNow } = change;
  const copies = after.copies.map((copy) => copyRecord(change, copy));
  const owners = copies.find(({ holds }) => holds === 'what the owner had');
  const live = same(before.content, after.content);
  return {
    path: before.path,
    case: caseOf(change),
    fate: fateOf(change),
    digests: {
      owner: shortDigest(before.content),
      ...shippedDigest('shippedBefore', shippedBefore),
      ...shippedDigest('shippedNow', shippedNow),
      now: shortDigest(after.content),
    },
    ...(live || owners === undefined ? {} : { copy: owners.path }),
    copies,
  };
}

function fateOf(change: FileChange): Fate {
  const { before, after, shippedBefore, shippedNow } = change;
  if (before.content === undefined) return after.content === undefined ? 'preserved' : 'recreated';
  const live = same(before.content, after.content);
  if (isShipped(shippedBefore, before.content)) {
    if (isShipped(shippedNow, after.content)) return keepsAccess(change) ? 'default' : 'access changed';
    if (live && typeof shippedNow === 'object') return 'stale default';
    if (after.content === undefined && shippedNow === 'nothing') return 'default';
  }
  if (live) return before.access === after.access ? 'preserved' : 'access changed';
  if (isMerged(change)) return before.access === after.access ? 'merged' : 'access changed';
  if (!after.copies.some(({ content }) => same(before.content, content))) return 'lost';
  return isSomebodys(change) ? 'replaced with copy' : 'damaged';
}

/** Whether what is there instead of the owner's file is what packages ship; where nobody knows that, it may be. */
function isSomebodys({ after, shippedBefore, shippedNow }: FileChange): boolean {
  if (shippedNow === 'unknown') return true;
  if (shippedNow === 'nothing' && after.content === undefined) return true;
  return isShipped(shippedNow, after.content) || isShipped(shippedBefore, after.content);
}

/** Mode and ownership of a default: as they were, or changed from what was shipped to what is. */
function keepsAccess({ before, after, shippedBefore, shippedNow }: FileChange): boolean {
  if (before.access === after.access) return true;
  const isAccess = (shipping: Shipping, access: string | undefined) =>
    typeof shipping === 'object' && shipping.access !== undefined && shipping.access === access;
  return isAccess(shippedBefore, before.access) && isAccess(shippedNow, after.access);
}

function isMerged({ before, after, shippedBefore, shippedNow }: FileChange): boolean {
  const shipped = typeof shippedBefore === 'object' ? shippedBefore.content : undefined;
  const base = shipped ?? before.found;
  if (base === undefined || before.content === undefined || after.content === undefined) return false;
  const newDefault = typeof shippedNow === 'object' ? shippedNow.content : undefined;
  return holdsChanges({ base, owner: before.content, now: after.content, newDefault });
}

function copyRecord(change: FileChange, copy: FileCopy): CopyRecord {
  const { before, after, shippedBefore, shippedNow } = change;
  const holds = () => {
    if (same(before.content, copy.content)) return 'what the owner had';
    if (same(after.content, copy.content)) return 'what is live';
    if (isShipped(shippedBefore, copy.content)) return 'the old default';
    return isShipped(shippedNow, copy.content) ? 'the new default' : 'something else';
  };
  return {
    path: `${before.path}${copy.suffix}`,
    holds: holds(),
    spurious: appeared(change, copy) && isNeedless(change, copy),
  };
}

function appeared({ before }: FileChange, { suffix, content }: FileCopy): boolean {
  return !before.copies.some((copy) => copy.suffix === suffix && copy.content.equals(content));
}

/** A copy of what is live, or of a default that the owner had before already and did not want. */
function isNeedless({ before, after, shippedBefore }: FileChange, { content }: FileCopy): boolean {
  if (same(after.content, content)) return true;
  return isShipped(shippedBefore, content) && !same(before.content, content);
}

function same(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one !== undefined && other !== undefined && one.equals(other);
}

function shortDigest(content: Buffer | undefined): string {
  return content === undefined ? 'absent' : sha256(content).slice(0, 12);
}

function shippedDigest(
  name: 'shippedBefore' | 'shippedNow',
  shipping: Shipping,
): Partial<FileFate['digests']> {
  if (shipping === 'unknown') return {};
  return { [name]: shipping === 'nothing' ? 'absent' : shipping.sha256.slice(0, 12) };
}
