import { sha256 } from '../../../src/core/digest.ts';
import { DeviceFailure } from '../../../src/core/errors.ts';
import type { Disk } from '../../../src/nbd/disk.ts';
import { padded, roundUp, sector } from './sectors.ts';

/** What a path is. Files of one inode are one file; the content is in base64. */
type TreeNode =
  | { kind: 'folder' }
  | { kind: 'link'; to: string }
  | { kind: 'file'; mode: number; inode: number; content: string };

/** A whole file system by path, folders before what is in them. */
export type Tree = [path: string, node: TreeNode][];

interface Header {
  at: number;
  bytes: number;
  digest: string;
}

/**
 * A file system that is written as a whole, beside the one before, and counts by one sector: like a journal's commit it is
 * there or not.
 */
export class TreeStore {
  private readonly disk: Disk;

  constructor(disk: Disk) {
    this.disk = disk;
  }

  /** Without barriers the disk is not asked to keep anything, and may have the sector that counts before the rest. */
  async commit(tree: Tree, barriers: boolean): Promise<void> {
    const before = await this.header();
    const half = Math.floor(this.disk.bytes / sector / 2) * sector;
    const body = Buffer.from(JSON.stringify(tree));
    const at = before === undefined || before.at === half ? sector : half;
    const header: Header = { at, bytes: body.length, digest: sha256(body) };
    await this.disk.write(at, padded(body), false);
    if (barriers) await this.disk.flush();
    await this.disk.write(0, padded(Buffer.from(JSON.stringify(header))), false);
    if (barriers) await this.disk.flush();
  }

  async load(): Promise<Tree> {
    const header = await this.header();
    if (header === undefined) return [];
    const { at, bytes, digest } = header;
    const body = (await this.disk.read(at, roundUp(bytes))).subarray(0, bytes);
    if (sha256(body) !== digest) throw new DeviceFailure('kernel-panic', 'the file system does not mount');
    return JSON.parse(body.toString()) as Tree;
  }

  private async header(): Promise<Header | undefined> {
    const text = (await this.disk.read(0, sector)).toString().replace(/\0+$/, '');
    return text === '' ? undefined : (JSON.parse(text) as Header);
  }
}
