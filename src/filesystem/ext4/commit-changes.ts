import { Budget, unlessMalformed } from '../malformed.ts';
import type { Content } from '../place.ts';
import { type DiskView, overlayView, readInside } from '../view.ts';
import { type DirectoryEntry, entriesInBlock } from './directory.ts';
import { linkInInode } from './inode.ts';
import { Ext4Map } from './map.ts';
import { recoveredView } from './recovered.ts';

/** One thing that a transaction does to a file, by the file's path. */
export type FileChange =
  /** `link`: where it leads, of a link. */
  | { kind: 'renamed'; path: string; from: string; link?: string }
  | { kind: 'made'; path: string; link?: string }
  | { kind: 'removed'; path: string }
  /** Nothing names it any more, and somebody has it open: it is freed at the next mount. */
  | { kind: 'orphaned'; path: string }
  | { kind: 'resized'; path: string; from: number; to: number }
  | { kind: 'mode' | 'owner'; path: string }
  /** Anything else that an inode says: times, where its blocks are. */
  | { kind: 'inode' | 'attributes' | 'block-list'; path: string };

/** What is most worth naming comes first. */
const order: readonly FileChange['kind'][] = [
  ...(['renamed', 'made', 'removed', 'orphaned', 'resized', 'mode', 'owner'] as const),
  ...(['attributes', 'block-list', 'inode'] as const),
];

/**
 * What new contents of blocks change in a file system, in the words of those who use it. `before`: the file system
 * before; its own recovery is thought done. Nothing where it cannot be read.
 */
export function fileChanges(before: DiskView, writes: ReadonlyMap<number, Buffer>): FileChange[] {
  return unlessMalformed(
    () => new Comparison(recoveredView(before), writes).changes(),
    () => [],
  );
}

/** A name in a directory that is there on one side only. */
interface Name extends DirectoryEntry {
  path: string;
}

const inodeField = { mode: 0x0, user: 0x2, group: 0x18, links: 0x1a, sizeLow: 0x4, sizeHigh: 0x6c } as const;
const mostEntries = 1 << 20;

class Comparison {
  private readonly writes: ReadonlyMap<number, Buffer>;
  private readonly before: DiskView;
  private readonly old: Ext4Map;
  private readonly now: Ext4Map;
  private readonly blockBytes: number;
  private readonly budget = new Budget(mostEntries);

  constructor(before: DiskView, writes: ReadonlyMap<number, Buffer>) {
    this.writes = writes;
    this.before = before;
    this.old = new Ext4Map(before);
    this.blockBytes = this.old.sb.blockBytes;
    this.now = new Ext4Map(overlayView(before, this.blockBytes, writes));
  }

  changes(): FileChange[] {
    const names = this.nameChanges();
    const kinds = new Map(names.map(({ path, kind }) => [path, kind]));
    const parents = new Set(
      names.flatMap((change) => [
        parentOf(change.path),
        ...(change.kind === 'renamed' ? [parentOf(change.from)] : []),
      ]),
    );
    const further = [...this.writes].flatMap(([block, content]) => this.furtherChanges(block, content));
    // That a file which was just made has an inode, and a folder another time, need not be said.
    const worthSaying = further.filter(
      ({ kind, path }) =>
        kinds.get(path) !== 'made' && (kind !== 'inode' || !(kinds.has(path) || parents.has(path))),
    );
    return distinct([...names, ...worthSaying]).sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  }

  private nameChanges(): FileChange[] {
    const made = this.namesOnlyIn(this.now, this.old);
    const removed = this.namesOnlyIn(this.old, this.now);
    const changes: FileChange[] = [];
    const accounted = new Set<Name>();
    for (const name of made) {
      const from = this.isSameFile(name.inode)
        ? removed.find((other) => other.inode === name.inode && !accounted.has(other))
        : undefined;
      if (from !== undefined) accounted.add(from);
      const link = this.linkOf(name.inode);
      const named = { path: name.path, ...(link === undefined ? {} : { link }) };
      changes.push(
        from === undefined ? { kind: 'made', ...named } : { kind: 'renamed', from: from.path, ...named },
      );
    }
    const taken = new Set(made.map(({ path }) => path));
    for (const name of removed)
      if (!accounted.has(name) && !taken.has(name.path)) changes.push({ kind: 'removed', path: name.path });
    return changes;
  }

  private linkOf(inode: number): string | undefined {
    return unlessMalformed(
      () => linkInInode(this.now.inode(inode)),
      () => undefined,
    );
  }

  /** A number that was freed and given to another file has another generation, which is part of the seed. */
  private isSameFile(inode: number): boolean {
    const [one, other] = [this.old, this.now].map((map) =>
      unlessMalformed(
        () => map.inode(inode).checksumSeed,
        () => undefined,
      ),
    );
    return one !== undefined && one === other;
  }

  /** Names in the blocks of directories that were written, that one side has and the other has not. */
  private namesOnlyIn(one: Ext4Map, other: Ext4Map): Name[] {
    const theirs = new Set(this.namesIn(other).map(keyOf));
    return this.namesIn(one).filter((name) => !theirs.has(keyOf(name)));
  }

  private namesIn(map: Ext4Map): Name[] {
    return [...this.writes].flatMap(([block, written]) => {
      const content = this.contentOf(map, block);
      if (content?.kind !== 'directory') return [];
      const bytes = map === this.now ? written : this.bytesBefore(block);
      return entriesInBlock(bytes, this.budget).map((entry) => ({
        ...entry,
        path: content.path === '/' ? `/${entry.name}` : `${content.path}/${entry.name}`,
      }));
    });
  }

  private furtherChanges(block: number, content: Buffer): FileChange[] {
    const [now, old] = [this.contentOf(this.now, block), this.contentOf(this.old, block)];
    const what = now === undefined || now.kind === 'free' ? old : now;
    if (what?.kind === 'inode-table') return this.inodeChanges(block, content);
    if (what?.kind === 'attributes' || what?.kind === 'block-list')
      return [{ kind: what.kind, path: what.path }];
    return what?.kind === 'superblock' && what.group === 0 ? this.orphanChanges() : [];
  }

  /** The list of orphans begins with the latest (Documentation/filesystems/ext4/orphan.rst). */
  private orphanChanges(): FileChange[] {
    const [old, now] = [this.old, this.now].map(({ sb }) => sb.lastOrphan);
    const path = now === undefined || now === old ? undefined : this.old.pathOf(now);
    return path === undefined ? [] : [{ kind: 'orphaned', path }];
  }

  private inodeChanges(block: number, written: Buffer): FileChange[] {
    const before = this.bytesBefore(block);
    const { inodeBytes } = this.now.sb;
    const changes: FileChange[] = [];
    for (let at = 0; at + inodeBytes <= written.length; at += inodeBytes) {
      const [old, now] = [before.subarray(at, at + inodeBytes), written.subarray(at, at + inodeBytes)];
      if (old.equals(now)) continue;
      const offset = block * this.blockBytes + at;
      const path = this.pathAt(this.now, offset) ?? this.pathAt(this.old, offset);
      if (path === undefined) continue;
      changes.push(inodeChange(path, old, now));
    }
    return changes;
  }

  /** Of the inode there, where it has a path. */
  private pathAt(map: Ext4Map, offset: number): string | undefined {
    const [stretch] = map.owners.describe(offset, map.sb.inodeBytes);
    return stretch?.content.kind === 'inode-table' ? stretch.content.inodes[0]?.path : undefined;
  }

  private contentOf(map: Ext4Map, block: number): Content | undefined {
    return map.owners.describe(block * this.blockBytes, this.blockBytes)[0]?.content;
  }

  private bytesBefore(block: number): Buffer {
    return readInside(this.before, block * this.blockBytes, this.blockBytes);
  }
}

function inodeChange(path: string, old: Buffer, now: Buffer): FileChange {
  const isUsed = (inode: Buffer) => inode.readUInt16LE(inodeField.links) !== 0;
  const wasUsed = isUsed(old) && isUsed(now);
  const [from, to] = [sizeOf(old), sizeOf(now)];
  if (wasUsed && from !== to) return { kind: 'resized', path, from, to };
  if (wasUsed && differ(old, now, [inodeField.mode])) return { kind: 'mode', path };
  if (wasUsed && differ(old, now, [inodeField.user, inodeField.group])) return { kind: 'owner', path };
  return { kind: 'inode', path };
}

function differ(old: Buffer, now: Buffer, fields: readonly number[]): boolean {
  return fields.some((at) => old.readUInt16LE(at) !== now.readUInt16LE(at));
}

function sizeOf(inode: Buffer): number {
  return inode.readUInt32LE(inodeField.sizeLow) + inode.readUInt32LE(inodeField.sizeHigh) * 2 ** 32;
}

function keyOf({ path, inode }: Name): string {
  return `${inode} ${path}`;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function distinct(changes: readonly FileChange[]): FileChange[] {
  return [...new Map(changes.map((change) => [JSON.stringify(change), change])).values()];
}
