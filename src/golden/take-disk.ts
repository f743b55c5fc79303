import { open, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';
import type { Compression } from '../package/archive/compression.ts';
import { run } from '../process/run.ts';
import { copyDisk } from '../yocto/disk-copy.ts';

/** A disk image that somebody has made: where it is, and how its bytes are to be read. */
export interface GivenDisk {
  path: string;
  format: 'raw' | 'qcow2';
  compression: Compression;
}

/** What tools call the disks that they make: dd, debos, Buildroot's genimage, Isar, edi, wic. */
const diskName = /\.(img|raw|qcow2|wic|ext[234]|sdcard|dd|hddimg)(\.(gz|bz2|xz|zst))?$/;
const compressions: readonly { compression: Compression; magic: Buffer }[] = [
  { compression: 'gz', magic: Buffer.from('1f8b', 'hex') },
  { compression: 'bz2', magic: Buffer.from('BZh') },
  { compression: 'xz', magic: Buffer.from('fd377a585a00', 'hex') },
  { compression: 'zst', magic: Buffer.from('28b52ffd', 'hex') },
];
const headBytes = 104;
/** What must be left on the host's disk beside the copy. */
const leftBytes = 256 << 20;

/**
 * The disk image that `path` is, or that lies in it as the only one. Throws ScenarioError `disk-unreadable`,
 * `disk-absent`, `disk-ambiguous` or `disk-format`.
 */
export async function givenDisk(path: string): Promise<GivenDisk> {
  const file = await theDiskIn(path);
  const head = await headOf(file);
  const packed = compressions.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  if (packed !== undefined) return { path: file, format: 'raw', compression: packed.compression };
  if (head.toString('latin1', 0, 4) !== 'QFI\xfb') return { path: file, format: 'raw', compression: 'none' };
  assertWhole(file, head);
  return { path: file, format: 'qcow2', compression: 'none' };
}

/** Copies a disk as raw bytes, holes for zeros. Throws ScenarioError `disk-too-big` or `disk-format`, and the host's errors. */
export async function takeDisk(given: GivenDisk, to: string, signal: AbortSignal): Promise<void> {
  assertRoom(given.path, await roomFor(given, to));
  if (given.format === 'raw') {
    await copyDisk(given.path, to, given.compression, signal);
    return;
  }
  const args = ['convert', '-f', 'qcow2', '-O', 'raw', '-S', '64k', given.path, to];
  await run({ program: 'qemu-img', args, signal });
}

async function theDiskIn(path: string): Promise<string> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ScenarioError('disk-unreadable', `${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  });
  if (!found.isDirectory()) return path;
  const names = (await readdir(path)).filter((name) => diskName.test(name)).sort();
  const [only] = names;
  if (only === undefined)
    throw new ScenarioError('disk-absent', `${path} has no disk image in it`, {
      hint: 'name the file; images end in .img, .raw, .qcow2, .wic, .ext4, .sdcard, .dd or .hddimg, packed or not',
    });
  if (names.length > 1)
    throw new ScenarioError(
      'disk-ambiguous',
      `${path} has ${names.length} disk images: ${names.join(', ')}`,
      {
        hint: 'name one of them',
      },
    );
  return join(path, only);
}

async function headOf(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, 'r');
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    if (bytesRead === 0) throw new Error('it is empty');
    return buffer;
  } catch (cause) {
    throw new ScenarioError('disk-unreadable', `${path} cannot be read: ${fileTrouble(cause)}`, { cause });
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
