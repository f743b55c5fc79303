import { createReadStream } from 'node:fs';
import { open, readdir, realpath, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';
import { fileFormat, formatHeadBytes, formatHint } from '../filesystem/file-format.ts';
import { type Compression, decompress } from '../package/archive/compression.ts';
import { asScenarioError } from '../package/archive/damage.ts';
import { run } from '../process/run.ts';
import { copyDisk } from '../yocto/disk-copy.ts';

/** A disk image that somebody has made: where it is, and how its bytes are to be read. */
export interface GivenDisk {
  path: string;
  format: 'raw' | 'qcow2';
  compression: Compression;
}

/** What tools call the disks that they make: dd, debos, Buildroot's genimage, Isar, edi, wic. */
const diskName = /\.(img|raw|qcow2|wic|ext[234]|sdcard|dd|hddimg)(\.(gz|bz2|xz|zst|lz4))?$/;
const compressions: Readonly<Record<string, Compression>> = {
  gzip: 'gz',
  bzip2: 'bz2',
  xz: 'xz',
  zstd: 'zst',
  lz4: 'lz4',
};
/** What must be left on the host's disk beside the copy. */
const leftBytes = 256 << 20;
/** What is longer, with its holes, would be read for hours. */
const mostBytes = 2 ** 40;

/**
 * The disk image that `path` is, or that lies in it as the only one. Throws ScenarioError `disk-unreadable`,
 * `disk-absent`, `disk-ambiguous`, `disk-too-big`, `disk-format` or `package-damaged`.
 */
export async function givenDisk(path: string): Promise<GivenDisk> {
  const file = await theDiskIn(path);
  const head = await headOf(file);
  const compression = compressions[fileFormat(head)?.name ?? ''] ?? 'none';
  const within = compression === 'none' ? head : await unpackedHead(file, compression);
  const format = fileFormat(within);
  if (format === undefined) return { path: file, format: 'raw', compression };
  if (format.name !== 'qcow2')
    throw new ScenarioError(
      'disk-format',
      `${file} is no raw disk image: ${compression === 'none' ? 'it is' : 'in it is'} ${format.name}`,
      { hint: formatHint(format, compression === 'none' ? file : 'IMAGE') },
    );
  assertWhole(file, within);
  return { path: file, format: 'qcow2', compression };
}

/**
 * Copies a disk as raw bytes, holes for zeros. Throws ScenarioError `disk-too-big`, `disk-damaged` or `package-damaged`, and
 * the host's errors.
 */
export async function takeDisk(given: GivenDisk, to: string, signal: AbortSignal): Promise<void> {
  const { path, format, compression } = given;
  assertRoom(path, await roomFor(given, to));
  if (format === 'raw') return copyDisk(path, to, compression, signal);
  if (compression === 'none') return convert(path, path, to, signal);
  const unpacked = `${to}.qcow2`;
  await copyDisk(path, unpacked, compression, signal);
  await convert(path, unpacked, to, signal);
  await rm(unpacked);
}

/** QEMU reads zeros where a qcow2 was cut off, so it is checked first. What nobody uses any more (3) is no damage. */
async function convert(path: string, qcow2: string, to: string, signal: AbortSignal): Promise<void> {
  const args = ['check', '-q', '-f', 'qcow2', qcow2];
  const { exitCode, stderr } = await run({ program: 'qemu-img', args, signal, okCodes: [0, 1, 2, 3] });
  if (exitCode === 1 || exitCode === 2)
    throw new ScenarioError(
      'disk-damaged',
      `${path} is a damaged qcow2: ${stderr.trim().split('\n')[0] ?? 'qemu-img check says so'}`,
      { hint: 'copy or make it again; qemu-img check IMAGE lists what is wrong' },
    );
  await run({
    program: 'qemu-img',
    args: ['convert', '-f', 'qcow2', '-O', 'raw', '-S', '64k', qcow2, to],
    signal,
  });
}

async function theDiskIn(path: string): Promise<string> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ScenarioError('disk-unreadable', `${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  });
  if (found.size > mostBytes)
    throw new ScenarioError(
      'disk-too-big',
      `${path} is ${Math.ceil(found.size / 2 ** 30)} GiB long with its holes; a disk has 1024 GiB at most`,
      { hint: 'copy the part with partitions: dd if=DISK of=disk.raw bs=1M count=... conv=sparse' },
    );
  if (found.isFile() || found.isBlockDevice()) return path;
  if (!found.isDirectory())
    throw new ScenarioError('disk-unreadable', `${path} cannot be read: it is neither a file nor a folder`, {
      hint: 'a disk is read more than once: name its file',
    });
  const all = await readdir(path);
  const images = await eachOnce(
    path,
    all.filter((name) => diskName.test(name)),
  );
  const [only] = images;
  if (only === undefined)
    throw new ScenarioError('disk-absent', `${path} has no disk image in it`, {
      hint: 'name the file; images end in .img, .raw, .qcow2, .wic, .ext4, .sdcard, .dd or .hddimg, packed or not',
    });
  if (images.length > 1)
    throw new ScenarioError(
      'disk-ambiguous',
      `${path} has ${images.length} disk images: ${images.join(', ')}`,
      {
        hint: all.some((name) => name.endsWith('.qemuboot.conf'))
          ? `name one of them; or, since a Yocto build left them: brownout init --yocto ${path}`
          : 'name one of them',
      },
    );
  return join(path, only);
}

/** Buildroot and Yocto give an image further names by links: of these the shortest counts. */
async function eachOnce(folder: string, names: readonly string[]): Promise<string[]> {
  const byFile = new Map<string, string>();
  for (const name of names.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))) {
    const file = await realpath(join(folder, name)).catch(() => join(folder, name));
    if (!byFile.has(file)) byFile.set(file, name);
  }
  return [...byFile.values()].sort();
}

async function headOf(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, 'r');
    const { bytesRead, buffer } = await file.read(Buffer.alloc(formatHeadBytes), 0, formatHeadBytes, 0);
    if (bytesRead === 0) throw new Error('it is empty');
    return buffer;
  } catch (cause) {
    throw new ScenarioError('disk-unreadable', `${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
}

async function unpackedHead(path: string, compression: Compression): Promise<Buffer> {
  const input = createReadStream(path);
  try {
    return await asScenarioError(path, async () => {
      let head = Buffer.alloc(0);
      for await (const chunk of decompress(compression, input, mostBytes)) {
        head = Buffer.concat([head, chunk.subarray(0, formatHeadBytes)]);
        if (head.length >= formatHeadBytes) break;
      }
      return Buffer.concat([head, Buffer.alloc(formatHeadBytes)]).subarray(0, formatHeadBytes);
    });
  } finally {
    input.destroy();
  }
}

/** A qcow2 may name other files of the host as its content (QEMU, docs/interop/qcow2.txt): these are not ours to read. */
function assertWhole(path: string, head: Buffer): void {
  const refuse = (what: string) => {
    throw new ScenarioError('disk-format', `${path} is a qcow2 ${what}`, {
      hint: 'make it whole: qemu-img convert -O raw IMAGE disk.raw',
    });
  };
  if (head.readBigUInt64BE(8) !== 0n) refuse('over a backing file');
  if (head.readUInt32BE(32) !== 0) refuse('that is encrypted');
  if (head.readUInt32BE(4) >= 3 && (head.readBigUInt64BE(72) & 4n) !== 0n)
    refuse('whose data is in another file');
}

async function roomFor({ path, compression }: GivenDisk, to: string): Promise<Room> {
  const { blocks, size } = await stat(path);
  // What a packed image comes to is not known before it is unpacked.
  const neededBytes = compression === 'none' ? Math.min(blocks * 512, size) : size;
  const { bavail, bsize } = await statfs(dirname(to));
  return { neededBytes, freeBytes: bavail * bsize };
}

/** What a copy takes, and what is free where it goes. */
interface Room {
  neededBytes: number;
  freeBytes: number;
}

/** Throws ScenarioError `disk-too-big` where the host would have no room left. */
export function assertRoom(path: string, { neededBytes, freeBytes }: Room): void {
  if (neededBytes + leftBytes <= freeBytes) return;
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  throw new ScenarioError(
    'disk-too-big',
    `${path} takes ${mebibytes(neededBytes)}, and there are ${mebibytes(freeBytes)} left where its copy is to go`,
    { hint: 'name a folder on another file system with --to' },
  );
}
