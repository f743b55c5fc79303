import { type FileTree, type PathFacts, usualMost } from '../file-tree.ts';
import { uuidText } from '../guid.ts';
import { Budget, Malformed, unlessMalformed } from '../malformed.ts';
import { type DiskView, readInside } from '../view.ts';
import { blocksOf } from './blocks.ts';
import { entriesOf } from './directory.ts';
import { type Inode, linkInInode, readInode, rootInode } from './inode.ts';
import { recoveredView } from './recovered.ts';
import { readSuperblock, type Superblock, superblockOffset } from './superblock.ts';

/** As many as Linux follows (MAXSYMLINKS of include/linux/namei.h). */
const mostLinks = 40;
/** Steps that one path or file may take. */
const mostSteps = 1 << 20;

/** The files of an ext2, ext3 or ext4 file system as they are once it is recovered. Throws Malformed if it is none. */
export function ext4Files(raw: DiskView): FileTree {
  return new Ext4Files(recoveredView(raw));
}

/**
 * The same of one that a system has mounted, which recovered it then. What has changed since may lie in the journal alone, and is not
 * seen. Throws Malformed if it is none.
 */
export function mountedExt4Files(view: DiskView): FileTree {
  return new Ext4Files(view);
}

class Ext4Files implements FileTree {
  readonly kind = 'ext4';
  readonly label: string;
  readonly uuid: string;
  private readonly view: DiskView;
  private readonly sb: Superblock;
  /** Folders that were read, by inode. */
  private readonly folders = new Map<number, ReadonlyMap<string, number>>();

  constructor(view: DiskView) {
    this.view = view;
    this.sb = readSuperblock(view);
    const names = readInside(view, superblockOffset + 0x68, 32);
    this.uuid = uuidText(names.subarray(0, 16));
    this.label = names.toString('utf8', 16).replace(/\0.*$/s, '');
  }

  names(path: string): string[] {
    return unlessMalformed(
      () => {
        const budget = new Budget(mostSteps);
        const inode = this.find(path, budget);
        return inode?.kind === 'directory' ? [...this.entries(inode, budget).keys()].sort() : [];
      },
      () => [],
    );
  }

  read(path: string, most = usualMost): Buffer | undefined {
    return unlessMalformed(
      () => {
        const budget = new Budget(mostSteps);
        const inode = this.find(path, budget);
        return inode?.kind === 'file' ? this.content(inode, most, budget) : undefined;
      },
      () => undefined,
    );
  }

  facts(path: string): PathFacts | undefined {
    return unlessMalformed(
      () => {
        const budget = new Budget(mostSteps);
        const inode = this.find(path, budget, 'itself');
        if (inode === undefined || inode.kind === 'none') return undefined;
        const { mode, uid, gid, bytes } = inode;
        const kind = inode.kind === 'directory' ? 'folder' : inode.kind;
        return {
          kind,
          mode,
          uid,
          gid,
          bytes,
          ...(kind === 'link' ? { target: this.target(inode, budget) } : {}),
        };
      },
      () => undefined,
    );
  }

  /** What a path leads to, or the link that it ends with `itself`; undefined where it leads to nothing. */
  private find(path: string, budget: Budget, last?: 'itself'): Inode | undefined {
    const waiting = path.split('/').reverse();
    const above: Inode[] = [];
    const root = readInode(this.view, this.sb, rootInode);
    let at = root;
    let links = 0;
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      budget.take();
      if (name === '' || name === '.') continue;
      if (name === '..') {
        at = above.pop() ?? root;
        continue;
      }
      if (at.kind !== 'directory') return undefined;
      const number = this.entries(at, budget).get(name);
      if (number === undefined) return undefined;
      const next = readInode(this.view, this.sb, number);
      if (next.kind !== 'link' || (last === 'itself' && waiting.every((word) => word === ''))) {
        above.push(at);
        at = next;
        continue;
      }
      links += 1;
      if (links > mostLinks) throw new Malformed('too many links to follow');
      const target = this.target(next, budget);
      if (target.startsWith('/')) {
        at = root;
        above.length = 0;
      }
      waiting.push(...target.split('/').reverse());
    }
    return at;
  }

  private entries(inode: Inode, budget: Budget): ReadonlyMap<string, number> {
    const known = this.folders.get(inode.number);
    if (known !== undefined) return known;
    const blocks = blocksOf(this.view, this.sb, inode, budget);
    const found = entriesOf(this.view, this.sb, inode, blocks, budget);
    const entries = new Map(found.map((entry) => [entry.name, entry.inode]));
    this.folders.set(inode.number, entries);
    return entries;
  }

  private target(inode: Inode, budget: Budget): string {
    return linkInInode(inode) ?? this.content(inode, this.sb.blockBytes, budget).toString('utf8');
  }

  /** Holes and what is reserved but unwritten read as zeros; of inline data what is in the inode. */
  private content(inode: Inode, most: number, budget: Budget): Buffer {
    const bytes = Math.min(inode.bytes, most);
    const content = Buffer.alloc(bytes);
    if (inode.inline) inode.map.copy(content);
    for (const { logical, block, count, unwritten } of blocksOf(this.view, this.sb, inode, budget).runs) {
      const start = logical * this.sb.blockBytes;
      if (unwritten || start >= bytes) continue;
      const length = Math.min(count * this.sb.blockBytes, bytes - start);
      readInside(this.view, block * this.sb.blockBytes, length).copy(content, start);
    }
    return content;
  }
}
