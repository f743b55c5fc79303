import { Budget, unlessMalformed } from '../malformed.ts';
import { type Owner, Owners } from '../owners.ts';
import { type DiskView, readInside } from '../view.ts';
import { blocksOf, type FileBlocks } from './blocks.ts';
import { entriesOf } from './directory.ts';
import { type Group, groupHead, readGroup } from './group.ts';
import { type Inode, parseInode, readInode, rootInode } from './inode.ts';
import { recoveredView } from './recovered.ts';
import { readSuperblock, type Superblock } from './superblock.ts';

const deepest = 256;

/** Bytes of a file system. */
export interface ByteRange {
  offset: number;
  bytes: number;
}

/** What an ext4 file system's blocks belong to once it is recovered. Throws Malformed if it is none. */
export function ext4Owners(raw: DiskView): Owners {
  return new Ext4Map(recoveredView(raw)).owners;
}

/** Walks all inodes in use; what cannot be followed, or would cost too much, is left as free space. Throws Malformed. */
export class Ext4Map {
  readonly owners: Owners;
  readonly sb: Superblock;
  private readonly view: DiskView;
  private readonly budget: Budget;
  private readonly used = new Set<number>();
  /** Where each inode has its (first) name. */
  private readonly names = new Map<number, { parent: number; name: string }>();

  constructor(view: DiskView) {
    this.view = view;
    this.sb = readSuperblock(view);
    this.owners = new Owners(this.sb.blockBytes, this.sb.blocks);
    this.budget = new Budget(16 * this.sb.blocks + 65536);
    const groups = this.groups();
    for (const [number, group] of groups) this.claimGroup(number, group);
    unlessMalformed(
      () => this.walkInodes(groups),
      () => undefined,
    );
  }

  /** Where a file's content lies, in the file's order. Throws Malformed if that cannot be followed. */
  placesOf(inode: Inode): ByteRange[] {
    const { runs } = blocksOf(this.view, this.sb, inode, this.budget);
    const { blockBytes } = this.sb;
    return runs.map(({ block, count }) => ({ offset: block * blockBytes, bytes: count * blockBytes }));
  }

  private groups(): [number, Group][] {
    const all = Array.from({ length: this.sb.groups }, (_, number): [number, Group | undefined] => [
      number,
      unlessMalformed(
        () => readGroup(this.view, this.sb, number),
        () => undefined,
      ),
    ]);
    return all.filter((entry): entry is [number, Group] => entry[1] !== undefined);
  }

  private claimGroup(group: number, { blockBitmap, inodeBitmap, inodeTable }: Group): void {
    const { sb, owners } = this;
    const { superblock, descriptors } = groupHead(sb, group);
    // What precedes the first superblock is a boot loader's, and counted with it.
    const first = group === 0 ? 0 : superblock;
    if (superblock !== undefined && first !== undefined)
      owners.claim(first, superblock - first + 1, () => ({ kind: 'superblock', group }));
    owners.claim(descriptors.first, descriptors.count, () => ({ kind: 'group-descriptors', group }));
    owners.claim(blockBitmap, 1, () => ({ kind: 'block-bitmap', group }));
    owners.claim(inodeBitmap, 1, () => ({ kind: 'inode-bitmap', group }));
    owners.claim(inodeTable, this.tableBlocks(), (offset, bytes) => ({
      kind: 'inode-table',
      inodes: this.inodesIn(group, offset, bytes),
    }));
  }

  private tableBlocks(): number {
    return Math.ceil((this.sb.inodesPerGroup * this.sb.inodeBytes) / this.sb.blockBytes);
  }

  private inodesIn(
    group: number,
    offset: number,
    bytes: number,
  ): { number: number; path: string | undefined }[] {
    const { inodeBytes, inodesPerGroup } = this.sb;
    const first = Math.floor(offset / inodeBytes);
    const end = Math.min(Math.ceil((offset + bytes) / inodeBytes), inodesPerGroup);
    const found: { number: number; path: string | undefined }[] = [];
    for (let i = first; i < end; i += 1) {
      const number = group * inodesPerGroup + i + 1;
      if (this.used.has(number)) found.push({ number, path: this.pathOf(number) });
    }
    return found;
  }

  private walkInodes(groups: readonly [number, Group][]): void {
    const { sb } = this;
    const perBlock = sb.blockBytes / sb.inodeBytes;
    for (const [group, { inodeTable, noInodes }] of groups) {
      if (noInodes) continue;
      for (let at = 0; at < this.tableBlocks(); at += 1) {
        this.budget.take();
        const block = readInside(this.view, (inodeTable + at) * sb.blockBytes, sb.blockBytes);
        for (let i = 0; i < perBlock && at * perBlock + i < sb.inodesPerGroup; i += 1) {
          const number = group * sb.inodesPerGroup + at * perBlock + i + 1;
          const bytes = block.subarray(i * sb.inodeBytes, (i + 1) * sb.inodeBytes);
          this.visit(parseInode(bytes, sb, number));
        }
      }
    }
  }

  private visit(inode: Inode): void {
    const { view, sb, budget } = this;
    if (inode.kind === 'none' || inode.links === 0) return;
    budget.take();
    this.used.add(inode.number);
    const blocks = unlessMalformed(
      () => blocksOf(view, sb, inode, budget),
      (): FileBlocks => ({ runs: [], tree: [] }),
    );
    this.claimFile(inode, blocks);
    if (inode.kind !== 'directory') return;
    for (const { inode: child, name } of entriesOf(view, sb, inode, blocks, budget))
      if (!this.names.has(child)) this.names.set(child, { parent: inode.number, name });
  }

  private claimFile({ number: inode, kind, attributes }: Inode, { runs, tree }: FileBlocks): void {
    const path = () => this.pathOf(inode) ?? `a file without a name`;
    const owner = this.fileOwner(inode, kind, path);
    for (const { block, count, logical } of runs) {
      this.budget.take(count);
      this.owners.claim(block, count, owner, logical);
    }
    const list: Owner = () => ({ kind: 'block-list', path: path(), inode });
    for (const block of tree) this.owners.claim(block, 1, list);
    if (attributes !== 0)
      this.owners.claim(attributes, 1, () => ({ kind: 'attributes', path: path(), inode }));
  }

  private fileOwner(inode: number, kind: Inode['kind'], path: () => string): Owner {
    if (inode === this.sb.journalInode) return () => ({ kind: 'journal' });
    if (kind === 'directory') return () => ({ kind: 'directory', path: path(), inode });
    return (offset, bytes) => ({ kind: 'file', path: path(), inode, offset, bytes });
  }

  /** The regular files that are in use, as far as their inodes are sound. */
  files(): Inode[] {
    return [...this.used].flatMap((number) => {
      const inode = unlessMalformed(
        () => this.inode(number),
        () => undefined,
      );
      return inode?.kind === 'file' && number !== this.sb.journalInode ? [inode] : [];
    });
  }

  /** Throws Malformed if there is none such or it is damaged. */
  inode(number: number): Inode {
    return readInode(this.view, this.sb, number);
  }

  /** Undefined where the names do not lead to the root. */
  pathOf(inode: number): string | undefined {
    const parts: string[] = [];
    let at = inode;
    for (; at !== rootInode && parts.length < deepest; ) {
      const name = this.names.get(at);
      if (name === undefined) return undefined;
      parts.push(name.name);
      at = name.parent;
    }
    return at === rootInode ? `/${parts.reverse().join('/')}` : undefined;
  }
}
