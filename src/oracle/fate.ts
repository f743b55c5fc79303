import { isUtf8 } from 'node:buffer';
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
  const live = same(before, after);
  const unknown = [before, after].some(({ attributes }) => typeof attributes === 'object');
  return {
    path: before.path,
    case: caseOf(change),
    fate: fateOf(change),
    ...kindsOf(before, after),
    ...(unknown ? { note: 'extended attributes are not compared: the device has no getfattr' } : {}),
    digests: {
      owner: shortDigest(before.content),
      ...shippedDigest('shippedBefore', shippedBefore),
      ...shippedDigest('shippedNow', shippedNow),
      now: shortDigest(after.content),
    },
    ...textsOf(before, after),
    ...(live || owners === undefined ? {} : { copy: owners.path }),
    copies,
  };
}

function fateOf(change: FileChange): Fate {
  const { before, after, shippedBefore, shippedNow } = change;
  if (before.content === undefined) return after.content === undefined ? 'preserved' : 'recreated';
  const live = same(before, after);
  // What lies behind a link is no default's, though the link may be.
  if (before.behind === undefined && isShipped(shippedBefore, before)) {
    if (isShipped(shippedNow, after)) return keepsAccess(change) ? 'default' : 'access changed';
    if (live && typeof shippedNow === 'object') return 'stale default';
    if (after.content === undefined && shippedNow === 'nothing') return 'default';
  }
  if (live) return isAccessKept(change) ? 'preserved' : 'access changed';
  if (isMerged(change)) return isAccessKept(change) ? 'merged' : 'access changed';
  if (leadsToOwners(change)) return 'kind changed';
  if (!after.copies.some((copy) => same({ ...before, behind: undefined }, copy))) return 'lost';
  return isSomebodys(change) ? 'replaced with copy' : 'damaged';
}

/** Whether what is there instead of the owner's file is what packages ship; where nobody knows that, it may be. */
function isSomebodys({ after, shippedBefore, shippedNow }: FileChange): boolean {
  if (shippedNow === 'unknown') return true;
  if (shippedNow === 'nothing' && after.content === undefined) return true;
  return isShipped(shippedNow, after) || isShipped(shippedBefore, after);
}

/** Mode, ownership, and extended attributes where both are known. */
function isAccessKept({ before, after }: FileChange): boolean {
  return before.access === after.access && attributesKept(before, after);
}

/** Whether nobody can say that extended attributes were changed. */
function attributesKept({ attributes: before }: FileState, { attributes: after }: FileState): boolean {
  return typeof before !== 'string' || typeof after !== 'string' || before === after;
}

/** Whether the owner's file has become a link to one with the same bytes. */
function leadsToOwners({ before, after }: FileChange): boolean {
  return (
    before.kind === undefined &&
    before.content !== undefined &&
    after.behind !== undefined &&
    after.behind.equals(before.content)
  );
}

/** Mode and ownership of a default: as they were, or changed from what was shipped to what is. */
function keepsAccess(change: FileChange): boolean {
  const { before, after, shippedBefore, shippedNow } = change;
  if (isAccessKept(change)) return true;
  const isAccess = (shipping: Shipping, access: string | undefined) =>
    typeof shipping === 'object' && shipping.access !== undefined && shipping.access === access;
  return isAccess(shippedBefore, before.access) && isAccess(shippedNow, after.access);
}

function isMerged({ before, after, shippedBefore, shippedNow }: FileChange): boolean {
  const shipped = typeof shippedBefore === 'object' ? shippedBefore.content : undefined;
  const base = shipped ?? before.found;
  if (base === undefined || before.content === undefined || after.content === undefined) return false;
  if (before.kind !== undefined || after.kind !== undefined) return false;
  const newDefault = typeof shippedNow === 'object' ? shippedNow.content : undefined;
  return holdsChanges({ base, owner: before.content, now: after.content, newDefault });
}

function copyRecord(change: FileChange, copy: FileCopy): CopyRecord {
  const { before, after, shippedBefore, shippedNow } = change;
  const holds = () => {
    if (same({ ...before, behind: undefined }, copy)) return 'what the owner had';
    if (same({ ...after, behind: undefined }, copy)) return 'what is live';
    if (isShipped(shippedBefore, copy)) return 'the old default';
    return isShipped(shippedNow, copy) ? 'the new default' : 'something else';
  };
  return {
    path: `${before.path}${copy.suffix}`,
    holds: holds(),
    spurious: appeared(change, copy) && isNeedless(change, copy),
  };
}

function appeared({ before }: FileChange, copy: FileCopy): boolean {
  return !before.copies.some((known) => known.suffix === copy.suffix && same(known, copy));
}

/** A copy of what is live, or of a default that the owner had before already and did not want. */
function isNeedless({ before, after, shippedBefore }: FileChange, copy: FileCopy): boolean {
  if (same({ ...after, behind: undefined }, copy)) return true;
  return isShipped(shippedBefore, copy) && !same({ ...before, behind: undefined }, copy);
}

/** What is compared of a file, or of a copy. */
interface Bytes {
  kind?: FileState['kind'];
  content: Buffer | undefined;
  behind?: Buffer | undefined;
}

/** Of one kind, with the same bytes; of a link that was written through also behind it. */
function same(one: Bytes, other: Bytes): boolean {
  if (one.content === undefined || other.content === undefined) return false;
  if (one.kind !== other.kind || !one.content.equals(other.content)) return false;
  return one.behind === undefined ? other.behind === undefined : other.behind?.equals(one.behind) === true;
}

/** The kinds before and now, where one of them is no regular file. */
function kindsOf(before: FileState, after: FileState): Pick<FileFate, 'kinds'> {
  if (before.kind === undefined && after.kind === undefined) return {};
  return { kinds: { owner: kindText(before), now: kindText(after) } };
}

/** `file`, `link to /usr/share/zoneinfo/UTC`, or `absent`. */
export function kindText({ kind, content }: FileState): string {
  if (content === undefined) return 'absent';
  return kind === 'link' ? `link to ${content.toString('utf8')}` : (kind ?? 'file');
}

/** Texts of a record are for people to compare; longer files they have themselves. */
const mostTextBytes = 4096;

/** Both contents of a regular file, where they differ and can be read. */
function textsOf(before: FileState, after: FileState): Pick<FileFate, 'texts'> {
  if (before.kind !== undefined || after.kind !== undefined) return {};
  if (before.content === undefined && after.content === undefined) return {};
  const [owner, now] = [textOf(before.content), textOf(after.content)];
  return owner === undefined || now === undefined || owner === now ? {} : { texts: { owner, now } };
}

function textOf(content: Buffer = Buffer.alloc(0)): string | undefined {
  if (content.length > mostTextBytes || !isUtf8(content)) return undefined;
  const text = content.toString('utf8');
  return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? undefined : text;
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
