import { commandLine } from '../core/quote.ts';

/** What a file is that holds a disk or files in another form than a disk's own bytes. */
export interface FileFormat {
  name: string;
  /** How it is read: by unpacking, by qemu-img, or as an archive of files, which is no disk. */
  kind: 'packed' | 'disk' | 'archive';
}

/** So many bytes of a file tell what it is. */
export const formatHeadBytes = 512;

/** Magic numbers: of file(1)'s magic, QEMU's docs/interop, and PKWARE's APPNOTE. */
const formats: readonly (FileFormat & { offset: number; magic: Buffer })[] = [
  packed('gzip', '1f8b08'),
  packed('bzip2', '425a68'),
  packed('xz', 'fd377a585a00'),
  packed('zstd', '28b52ffd'),
  packed('lz4', '04224d18'),
  packed('7-Zip', '377abcaf271c'),
  packed('ZIP', '504b0304'),
  disk('qcow2', Buffer.from('QFI\xfb', 'latin1')),
  disk('VMDK', Buffer.from('KDMV')),
  disk('VMDK', Buffer.from('# Disk DescriptorFile')),
  disk('VHD', Buffer.from('conectix')),
  disk('VHDX', Buffer.from('vhdxfile')),
  disk('VDI', Buffer.from('7f10dabe', 'hex'), 64),
  disk("Android's sparse image", Buffer.from('3aff26ed', 'hex')),
  archive('tar', 'ustar', 257),
  archive('cpio', '07070'),
  archive('ar', '!<arch>\n'),
];

/** The format of a file that begins so; undefined for what may be a disk's own bytes. */
export function fileFormat(head: Buffer): FileFormat | undefined {
  const found = formats.find(({ offset, magic }) =>
    head.subarray(offset, offset + magic.length).equals(magic),
  );
  return found && { name: found.name, kind: found.kind };
}

function packed(name: string, magic: string) {
  return { name, kind: 'packed' as const, offset: 0, magic: Buffer.from(magic, 'hex') };
}

function disk(name: string, magic: Buffer, offset = 0) {
  return { name, kind: 'disk' as const, offset, magic };
}

function archive(name: string, magic: string, offset = 0) {
  return { name, kind: 'archive' as const, offset, magic: Buffer.from(magic) };
}

/** How a raw disk comes of it, for people. */
export function formatHint({ name, kind }: FileFormat, path: string): string {
  if (kind === 'packed') return 'unpack it, and name the disk image that was in it';
  if (kind === 'archive')
    return 'it holds files, not a disk: unpack it as root, and mke2fs -t ext4 -d FOLDER rootfs.ext4 4G makes a disk of them';
  if (name.startsWith('Android')) return 'make it raw: simg2img IMAGE disk.raw';
  return `make it raw: ${commandLine(['qemu-img', 'convert', '-O', 'raw', path, 'disk.raw'])}`;
}
