import { createWriteStream } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { sha256 } from '../core/digest.ts';
import { packTar } from '../package/archive/tar.ts';

/** A file, directory or symbolic link of a file system to be made; everything belongs to root. */
export type TreeNode =
  | { type: 'file'; mode: number; content: Buffer }
  | { type: 'directory'; mode: number }
  | { type: 'symlink'; target: string };

/**
 * A file system as data: paths without a leading slash, parents made as needed, always listed in the
 * same order. The links of a merged /usr (`bin` → `usr/bin`) are followed when adding, unless told otherwise.
 */
export class Tree {
  private readonly nodes = new Map<string, TreeNode>();
  /** Links of top-level directories that are followed when adding. */
  private readonly links: Readonly<Record<string, string>>;

  /** `links`: none for a system whose /usr is not merged. */
  constructor(links: Readonly<Record<string, string>> = Tree.mergedUsr) {
    this.links = links;
  }

  static readonly mergedUsr: Readonly<Record<string, string>> = {
    bin: 'usr/bin',
    sbin: 'usr/sbin',
    lib: 'usr/lib',
    lib64: 'usr/lib64',
  };

  /** A tree with the same nodes; changing one does not change the other. */
  clone(): Tree {
    const copy = new Tree(this.links);
    for (const [path, node] of this.nodes) copy.nodes.set(path, node);
    return copy;
  }

  addFile(path: string, content: Buffer | string, mode = 0o644): void {
    this.put(path, { type: 'file', mode, content: Buffer.from(content) });
  }

  addDirectory(path: string, mode = 0o755): void {
    this.put(path, { type: 'directory', mode });
  }

  addSymlink(path: string, target: string): void {
    this.put(path, { type: 'symlink', target });
  }

  /** Takes away a path and everything below it; false if there was nothing. */
  remove(path: string): boolean {
    const name = followed(path, this.links);
    const below = [...this.nodes.keys()].filter((other) => other === name || other.startsWith(`${name}/`));
    for (const other of below) this.nodes.delete(other);
    return below.length > 0;
  }

  get(path: string): TreeNode | undefined {
    return this.nodes.get(followed(path, this.links));
  }

  has(path: string): boolean {
    return this.nodes.has(followed(path, this.links));
  }

  /** All nodes, parents before children, in an order that depends on nothing but the paths. */
  entries(): [string, TreeNode][] {
    return [...this.nodes].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Stands for all paths, modes and contents. */
  digest(): string {
    return sha256(
      JSON.stringify(
        this.entries().map(([path, node]) => [
          path,
          node.type,
          node.type === 'file' ? sha256(node.content) : node.type === 'symlink' ? node.target : '',
          node.type === 'symlink' ? 0 : node.mode,
        ]),
      ),
    );
  }

  /** Lays a folder of the host over the tree; a file is executable for all or for nobody. */
  async addFolder(folder: string, at = ''): Promise<void> {
    const found = await readdir(join(folder, at), { withFileTypes: true });
    for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) {
        this.addDirectory(path);
        await this.addFolder(folder, path);
      } else if (entry.isSymbolicLink()) {
        this.addSymlink(path, await readlink(join(folder, path)));
      } else if (basename(path) !== '.gitkeep') {
        const content = await readFile(join(folder, path));
        this.addFile(path, content, isProgram(path, content) ? 0o755 : 0o644);
      }
    }
  }

  private put(path: string, node: TreeNode): void {
    const name = followed(path, this.links);
    for (let parent = dirname(name); parent !== '.' && !this.nodes.has(parent); parent = dirname(parent)) {
      this.nodes.set(parent, { type: 'directory', mode: 0o755 });
    }
    this.nodes.set(name, node);
  }
}

/** Modes come from content, so that a checkout which lost its executable bits gives the same image. */
function isProgram(path: string, content: Buffer): boolean {
  return content.subarray(0, 2).toString('latin1') === '#!' || /^(usr\/)?s?bin\//.test(path);
}

function followed(path: string, links: Readonly<Record<string, string>>): string {
  const slash = path.indexOf('/');
  const top = links[path.slice(0, slash)];
  return slash < 0 || top === undefined ? path : `${top}${path.slice(slash)}`;
}

/** Writes a tree as a POSIX tar archive whose bytes depend on the tree and the time only. */
export async function writeTar(tree: Tree, seconds: number, path: string): Promise<void> {
  const entries = tree.entries().map(([name, node]) => ({ path: name, ...node }));
  await pipeline(packTar(entries, seconds), createWriteStream(path));
}
