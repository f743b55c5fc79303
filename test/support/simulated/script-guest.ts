import { execFile } from 'node:child_process';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { CommandOutput } from '../../../src/core/ask.ts';
import type { ImageManifest } from '../../../src/model/image.ts';
import type { Disk } from '../../../src/nbd/disk.ts';
import { FileStore } from './file-store.ts';
import { keepFile, slotImage } from './images.ts';
import type { Power } from './machine.ts';
import { SlotGuest } from './slot-guest.ts';
import { type Tree, TreeStore } from './tree-store.ts';

const sector = 512;
const rawBytes = 1 << 20;
const treeBytes = 1 << 20;

/** Folders that are on the disk `tree`; /dev/vda is the disk `raw`. */
const kept = ['data', 'boot'] as const;
/** Folders that are empty at each start. No two devices share one: they run at the same time. */
const inMemory = ['run', 'tmp'] as const;

/**
 * Each of these commands ends a step: what it asked of the disks, and the device as it is then, are kept in a folder, so
 * that the disks can be written in this order. `blockdev` hands to the disk what `dd` here has handed to it already.
 */
const steps = `
keep_step() {
  number=1
  until mkdir "$STEPS/$number" 2>/dev/null; do
    [ -d "$STEPS" ] || exit 1
    number=$((number + 1))
  done
  (cd "$DEVICE" && find data boot -printf '%i %p\\n') > "$STEPS/$number/inodes"
  command cp -a "$DEVICE" "$STEPS/$number/device"
  printf '%s\\n' "$PWD" "$@" > "$STEPS/$number/asked"
}
dd() { command dd "$@" 2>/dev/null; ended=$?; keep_step dd "$@"; return $ended; }
sync() { keep_step sync "$@"; }
mount() { keep_step mount "$@"; }
blockdev() { true; }
`;

/** The slots' image, with a disk for a tree of files and a disk that is one space of sectors. */
export async function scriptImage(folder: string): Promise<ImageManifest> {
  const image = await slotImage(folder);
  const tree = await keepFile(folder, 'tree.img', Buffer.alloc(treeBytes));
  const raw = await keepFile(folder, 'raw.img', Buffer.alloc(rawBytes));
  const releases = Object.entries(image.releases).map(([version, release]) => {
    const { factory, bundles } = release;
    const [bundle] = Object.values(bundles);
    return [
      version,
      {
        ...release,
        ...(factory === undefined ? {} : { factory: { ...factory, tree, raw } }),
        bundles: { ...bundles, ...(bundle === undefined ? {} : { raw: bundle }) },
      },
    ] as const;
  });
  const more = ['tree', 'raw'].map((id) => ({ id, attach: 'virtio-blk', cache: 'writeback' }) as const);
  return {
    ...image,
    key: 'scripts-1',
    disks: [...image.disks, ...more],
    releases: Object.fromEntries(releases),
  };
}

/**
 * A device whose scripts are run by the host's shell, on folders that are filled from its disks at each start. What a
 * script asks the disks to keep is written to them, step by step, as a journaling file system would: a folder's flush
 * commits names, a file's its content too, and what nobody has flushed is in memory. Sectors of /dev/vda go to the disk at
 * once, and stay there when they are flushed.
 */
export class ScriptGuest extends SlotGuest {
  private readonly scripts: ReadonlySet<string>;
  private readonly folder: string;
  private readonly device: string;
  private disks: { tree: TreeStore; raw: Disk; files: FileStore } | undefined;
  private barriers = true;
  private sectors: Buffer = Buffer.alloc(0);
  /** What is on the disk of each inode, in base64. */
  private durable = new Map<number, string>();

  /** `scripts`: what is a script of the device's, and no question that every device understands. */
  constructor(folder: string, scripts: readonly string[]) {
    super();
    this.scripts = new Set(scripts.map((script) => script.trim()));
    this.folder = folder;
    this.device = join(folder, 'device');
  }

  override async start(power: Power): Promise<number> {
    const resets = await super.start(power);
    const disk = (id: string) => {
      const found = power.disks.get(id);
      if (found === undefined) throw new Error(`this machine has no disk ${id}`);
      return found;
    };
    this.disks = { tree: new TreeStore(disk('tree')), raw: disk('raw'), files: new FileStore(disk('data')) };
    this.barriers = true;
    await this.mount();
    const hook = await this.disks.files.read('/etc/network.conf');
    if (hook !== undefined) await this.execute(hook.content.toString());
    return resets;
  }

  override async run(command: string, input: string): Promise<CommandOutput> {
    if (/^sync && sync$/.test(command)) await this.keepAll();
    const script = command.replace(/^export \w+=.*\n/, '').trim();
    return this.scripts.has(script) ? this.execute(command) : super.run(command, input);
  }

  override async end(): Promise<void> {
    await this.keepAll();
    await super.end();
  }

  /** Fills the folders from the disks. */
  private async mount(): Promise<void> {
    const { tree, raw } = this.opened();
    await rm(this.device, { recursive: true, force: true });
    for (const name of [...kept, ...inMemory]) await mkdir(join(this.device, name), { recursive: true });
    this.durable.clear();
    const first = new Map<number, string>();
    for (const [name, node] of await tree.load()) {
      const path = join(this.device, name);
      if (node.kind === 'folder') await mkdir(path, { recursive: true });
      else if (node.kind === 'link') await symlink(node.to, path);
      else {
        const other = first.get(node.inode);
        if (other !== undefined) {
          await link(other, path);
          continue;
        }
        first.set(node.inode, path);
        await writeFile(path, Buffer.from(node.content, 'base64'));
        await chmod(path, node.mode);
        this.durable.set((await lstat(path)).ino, node.content);
      }
    }
    this.sectors = await raw.read(0, rawBytes);
    await writeFile(join(this.device, 'vda'), this.sectors);
  }

  private async execute(script: string): Promise<CommandOutput> {
    const taken = await mkdtemp(join(this.folder, 'steps-'));
    const env = { ...process.env, DEVICE: this.device, STEPS: taken };
    const output = await new Promise<CommandOutput>((resolve) => {
      execFile('sh', ['-c', steps + this.translate(script)], { env }, (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ exitCode, stdout, stderr, truncated: false });
      });
    });
    const numbers = (await readdir(taken)).map(Number).sort((a, b) => a - b);
    for (const number of numbers) await this.follow(join(taken, String(number)));
    await rm(taken, { recursive: true });
    return output;
  }

  /** Does with the disks what a step did. */
  private async follow(step: string): Promise<void> {
    const asked = (await readFile(join(step, 'asked'), 'utf8')).trimEnd().split('\n');
    const [folder = '', command, ...args] = asked;
    if (command === 'mount') {
      if (args.some((one) => one.includes('nobarrier'))) this.barriers = false;
      return;
    }
    const target = args.find((one) => one.startsWith('of='))?.slice(3);
    const flushed =
      command === 'sync' ? args : args.some((one) => /^conv=.*fsync/.test(one)) ? [target ?? ''] : [];
    const paths = flushed.map((path) => resolve(folder, path));
    const all = command === 'sync' && args.length === 0;
    await this.writeSectors(join(step, 'device', 'vda'));
    const vda = join(this.device, 'vda');
    if (all || paths.includes(vda)) await this.opened().raw.flush();
    const others = paths.filter((path) => path !== vda);
    if (!all && others.length === 0) return;
    const inodes = new Map(
      (await readFile(join(step, 'inodes'), 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => [line.slice(line.indexOf(' ') + 1), Number(line.slice(0, line.indexOf(' ')))]),
    );
    const wanted = (name: string) => all || others.includes(join(this.device, name));
    await this.commit(join(step, 'device'), (name) => inodes.get(name) ?? 0, wanted);
  }

  /** As an unmount does, and sync(1) without a name. */
  private async keepAll(): Promise<void> {
    if (this.disks === undefined) return;
    await this.writeSectors(join(this.device, 'vda'));
    await this.disks.raw.flush();
    const inodes = new Map<string, number>();
    for (const name of await this.namesIn(this.device))
      inodes.set(name, (await lstat(join(this.device, name))).ino);
    await this.commit(
      this.device,
      (name) => inodes.get(name) ?? 0,
      () => true,
    );
  }

  private async writeSectors(file: string): Promise<void> {
    const now = await readFile(file);
    const differs = (at: number) =>
      !now.subarray(at, at + sector).equals(this.sectors.subarray(at, at + sector));
    for (let at = 0; at < rawBytes; at += sector) {
      if (!differs(at)) continue;
      let end = at + sector;
      while (end < rawBytes && differs(end)) end += sector;
      await this.opened().raw.write(at, now.subarray(at, end), false);
      at = end;
    }
    this.sectors = now;
  }

  private async commit(
    folder: string,
    inodeOf: (name: string) => number,
    flushed: (name: string) => boolean,
  ): Promise<void> {
    const names = await this.namesIn(folder);
    const all: Tree = [];
    for (const name of names) {
      const path = join(folder, name);
      const stat = await lstat(path);
      if (stat.isDirectory()) all.push([name, { kind: 'folder' }]);
      else if (stat.isSymbolicLink()) all.push([name, { kind: 'link', to: await readlink(path) }]);
      else {
        const inode = inodeOf(name);
        if (flushed(name)) this.durable.set(inode, (await readFile(path)).toString('base64'));
        const content = Buffer.from(this.durable.get(inode) ?? '', 'base64').subarray(0, stat.size);
        this.durable.set(inode, content.toString('base64'));
        all.push([
          name,
          { kind: 'file', mode: stat.mode & 0o7777, inode, content: content.toString('base64') },
        ]);
      }
    }
    // A file of several names has what was flushed by any of them.
    for (const [, node] of all) if (node.kind === 'file') node.content = this.durable.get(node.inode) ?? '';
    await this.opened().tree.commit(all, this.barriers);
  }

  /** What the folder has of the kept ones, folders before what is in them. */
  private async namesIn(folder: string): Promise<string[]> {
    const found: string[] = [];
    const walk = async (name: string): Promise<void> => {
      for (const entry of (await readdir(join(folder, name), { withFileTypes: true })).sort((a, b) =>
        a.name < b.name ? -1 : 1,
      )) {
        const inner = `${name}/${entry.name}`;
        found.push(inner);
        if (entry.isDirectory()) await walk(inner);
      }
    };
    for (const name of kept) await walk(name);
    return found;
  }

  private opened() {
    if (this.disks === undefined) throw new Error('nobody has switched this guest on');
    return this.disks;
  }

  /** Paths of the guest, as they are called here, also in scripts that a script writes. */
  private translate(text: string): string {
    return text
      .replaceAll(/\/dev\/vda(?!\d)/g, '$$DEVICE/vda')
      .replaceAll(/(?<![\w.\]])\/(data|boot|run|tmp)(?=[/ "\n)]|$)/g, '$$DEVICE/$1');
  }
}
