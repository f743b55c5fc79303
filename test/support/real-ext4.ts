import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Images of ext4 that e2fsprogs made, in a folder that is gone when disposed of. */
export class RealExt4 implements Disposable {
  readonly blockBytes = 1024;
  private readonly folder = mkdtempSync(join(tmpdir(), 'brownout-ext4-'));

  /** A new file system with these files, by path; a path that ends with a slash is a folder. */
  make(files: Readonly<Record<string, string | Buffer>>): Buffer {
    const tree = join(this.folder, 'tree');
    mkdirSync(tree, { recursive: true });
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(tree, path.endsWith('/') ? path : dirname(path)), { recursive: true });
      if (!path.endsWith('/')) writeFileSync(join(tree, path), content);
    }
    rmSync(this.path, { force: true });
    this.tool('mke2fs', ['-q', '-t', 'ext4', '-b', String(this.blockBytes), '-d', tree, this.path, '16M']);
    return readFileSync(this.path);
  }

  /** The image after these commands of debugfs. */
  after(image: Buffer, commands: readonly string[]): Buffer {
    const path = join(this.folder, 'after');
    writeFileSync(path, image);
    const said = this.tool('debugfs', ['-w', '-f', '-', path], `${commands.join('\n')}\n`);
    const complaint = said.split('\n').find((line) => /not found|usage|invalid|while/i.test(line));
    if (complaint !== undefined) throw new Error(`debugfs: ${complaint}`);
    return readFileSync(path);
  }

  /** The image with transactions in its journal that change these blocks, as e2fsprogs writes them. */
  journaled(image: Buffer, transactions: readonly ReadonlyMap<number, Buffer>[]): Buffer {
    const writes = transactions.map((blocks, i) => {
      const contents = join(this.folder, `contents${i}`);
      writeFileSync(contents, Buffer.concat([...blocks.values()]));
      return `jw -b ${[...blocks.keys()].join(',')} ${contents}`;
    });
    return this.after(image, ['jo', ...writes, 'jc']);
  }

  /** The blocks of a file of an image, as debugfs lists them. */
  blocksOf(image: Buffer, path: string): number[] {
    writeFileSync(this.path, image);
    const listed = this.tool('debugfs', ['-R', `blocks ${path}`, this.path]);
    const numbers = listed.split('\n').find((line) => /^\d/.test(line)) ?? '';
    return numbers.trim().split(/\s+/).map(Number);
  }

  /** What a file of an image holds once its journal is recovered. */
  recoveredText(image: Buffer, path: string): string {
    writeFileSync(this.path, this.after(image, ['jr']));
    return this.tool('debugfs', ['-R', `cat ${path}`, this.path]).replace(/^debugfs .*\n/m, '');
  }

  /** The number of a file's inode. */
  inodeOf(image: Buffer, path: string): number {
    writeFileSync(this.path, image);
    return Number(/^Inode: (\d+)/m.exec(this.tool('debugfs', ['-R', `stat ${path}`, this.path]))?.[1]);
  }

  /** A file of the host with this content, for debugfs to copy. */
  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** The blocks in which one image differs from another, with what that other has there. */
  differences(one: Buffer, other: Buffer): Map<number, Buffer> {
    const found = new Map<number, Buffer>();
    for (let block = 0; block < one.length / this.blockBytes; block += 1) {
      const [start, end] = [block * this.blockBytes, (block + 1) * this.blockBytes];
      const content = other.subarray(start, end);
      if (!one.subarray(start, end).equals(content)) found.set(block, content);
    }
    return found;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get path(): string {
    return join(this.folder, 'image');
  }

  private tool(program: string, args: readonly string[], input = ''): string {
    const { stdout, stderr, status } = spawnSync(program, args, { input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ended with ${String(status)}: ${stderr}`);
    return stdout + stderr;
  }
}
