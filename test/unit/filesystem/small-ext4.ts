import { crc32c } from '../../../src/core/crc32c.ts';

/** Shape of the file system that these tests make by hand: one group, blocks of 1 KiB, a journal in one piece. */
export const small = {
  blockBytes: 1024,
  blocks: 1600,
  inodes: 32,
  inodeBytes: 256,
  inodeTable: 5,
  rootBlock: 13,
  etcBlock: 14,
  fileBlock: 16,
  fileBlocks: 2,
  /** A file with extents in a block of their own. */
  treeBlock: 20,
  bigBlock: 30,
  journalStart: 100,
  journalBlocks: 1025,
} as const;

const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const seed = crc32c(0xffffffff, uuid);

/** An ext4 with checksums: /file (12), /etc (13) and /etc/big (14), and a journal that is empty. */
export function smallExt4(): Buffer {
  const image = Buffer.alloc(small.blocks * small.blockBytes);
  writeDescriptor(image);
  const { rootBlock, etcBlock, fileBlock, fileBlocks, journalStart, journalBlocks } = small;
  writeInode(image, 2, 0x41ed, 1, extent(0, rootBlock, 1));
  writeInode(image, 8, 0x8180, journalBlocks, extent(0, journalStart, journalBlocks));
  writeInode(image, 12, 0x81a4, fileBlocks, extent(0, fileBlock, fileBlocks));
  writeInode(image, 13, 0x41ed, 1, extent(0, etcBlock, 1));
  writeBigFile(image);
  writeDirectory(image, rootBlock, { '.': 2, '..': 2, file: 12, etc: 13 });
  writeDirectory(image, etcBlock, { '.': 13, '..': 2, big: 14 });
  image.fill('file', fileBlock * 1024, (fileBlock + fileBlocks) * 1024);
  writeJournalHead(image, { start: 0, sequence: 1 });
  writeSuperblock(image, () => undefined);
  return image;
}

/** Changes the superblock and puts its checksum right again. */
export function writeSuperblock(image: Buffer, change: (superblock: Buffer) => unknown): void {
  const sb = image.subarray(1024, 2048);
  if (sb.readUInt16LE(0x38) === 0) initialSuperblock(sb);
  change(sb);
  sb.writeUInt32LE(crc32c(0xffffffff, sb, 0, 0x3fc), 0x3fc);
}

function initialSuperblock(sb: Buffer): void {
  sb.writeUInt32LE(small.inodes, 0x0);
  sb.writeUInt32LE(small.blocks, 0x4);
  sb.writeUInt32LE(400, 0xc);
  sb.writeUInt32LE(18, 0x10);
  sb.writeUInt32LE(1, 0x14);
  sb.writeUInt32LE(8192, 0x20);
  sb.writeUInt32LE(8192, 0x24);
  sb.writeUInt32LE(small.inodes, 0x28);
  sb.writeUInt16LE(0xffff, 0x36);
  sb.writeUInt16LE(0xef53, 0x38);
  sb.writeUInt16LE(1, 0x3a);
  sb.writeUInt32LE(1, 0x4c);
  sb.writeUInt32LE(11, 0x54);
  sb.writeUInt16LE(small.inodeBytes, 0x58);
  sb.writeUInt32LE(0x4, 0x5c);
  sb.writeUInt32LE(0x2 | 0x4 | 0x40 | 0x80, 0x60);
  sb.writeUInt32LE(0x1 | 0x400, 0x64);
  uuid.copy(sb, 0x68);
  sb.writeUInt32LE(8, 0xe0);
  sb.writeUInt16LE(64, 0xfe);
  sb.writeUInt8(1, 0x175);
}

function writeDescriptor(image: Buffer): void {
  const at = 2 * 1024;
  image.writeUInt32LE(3, at);
  image.writeUInt32LE(4, at + 4);
  image.writeUInt32LE(small.inodeTable, at + 8);
}

function extent(logical: number, block: number, count: number): Buffer {
  const map = Buffer.alloc(60);
  writeExtents(map, 4, [[logical, block, count]]);
  return map;
}

function writeExtents(node: Buffer, most: number, extents: readonly [number, number, number][]): void {
  node.writeUInt16LE(0xf30a, 0);
  node.writeUInt16LE(extents.length, 2);
  node.writeUInt16LE(most, 4);
  for (const [i, [logical, block, count]] of extents.entries()) {
    node.writeUInt32LE(logical, 12 * (i + 1));
    node.writeUInt16LE(count, 12 * (i + 1) + 4);
    node.writeUInt32LE(block, 12 * (i + 1) + 8);
  }
}

function writeBigFile(image: Buffer): void {
  const { treeBlock, bigBlock } = small;
  const root = Buffer.alloc(60);
  root.writeUInt16LE(0xf30a, 0);
  root.writeUInt16LE(1, 2);
  root.writeUInt16LE(4, 4);
  root.writeUInt16LE(1, 6);
  root.writeUInt32LE(treeBlock, 16);
  writeInode(image, 14, 0x81a4, 30, root);
  const node = image.subarray(treeBlock * 1024, (treeBlock + 1) * 1024);
  const extents = [0, 1, 2, 3, 4].map((i): [number, number, number] => [i * 6, bigBlock + i * 10, 6]);
  writeExtents(node, 84, extents);
  node.writeUInt32LE(crc32c(inodeSeed(14), node, 0, 1020), 1020);
}

function inodeSeed(number: number): number {
  const id = Buffer.alloc(8);
  id.writeUInt32LE(number);
  return crc32c(seed, id);
}

function writeInode(image: Buffer, number: number, mode: number, blocks: number, map: Buffer): void {
  const at = small.inodeTable * 1024 + (number - 1) * small.inodeBytes;
  const inode = image.subarray(at, at + small.inodeBytes);
  inode.writeUInt16LE(mode, 0);
  inode.writeUInt32LE(blocks * 1024, 4);
  inode.writeUInt16LE(1, 0x1a);
  inode.writeUInt32LE(0x80000, 0x20);
  map.copy(inode, 0x28);
  inode.writeUInt16LE(32, 0x80);
  const sum = crc32c(inodeSeed(number), inode);
  inode.writeUInt16LE(sum & 0xffff, 0x7c);
  inode.writeUInt16LE(sum >>> 16, 0x82);
}

function writeDirectory(image: Buffer, block: number, names: Record<string, number>): void {
  const list = Object.entries(names);
  let at = block * 1024;
  for (const [i, [name, inode]] of list.entries()) {
    const length = i === list.length - 1 ? (block + 1) * 1024 - at : 16;
    image.writeUInt32LE(inode, at);
    image.writeUInt16LE(length, at + 4);
    image.writeUInt8(name.length, at + 6);
    image.write(name, at + 8);
    at += length;
  }
}

/** Features of a journal, as bits of its superblock. */
export const journalFeatures = { wide: 2, v2: 8, v3: 16, fastCommit: 32 } as const;

/** Writes the journal's superblock; `first` is always 1. */
export function writeJournalHead(
  image: Buffer,
  head: { start: number; sequence: number; incompat?: number; error?: number },
): void {
  const at = small.journalStart * 1024;
  const sb = image.subarray(at, at + 1024).fill(0);
  sb.writeUInt32BE(0xc03b3998, 0);
  sb.writeUInt32BE(4, 4);
  sb.writeUInt32BE(1024, 12);
  sb.writeUInt32BE(small.journalBlocks, 0x10);
  sb.writeUInt32BE(1, 0x14);
  sb.writeUInt32BE(head.sequence, 0x18);
  sb.writeUInt32BE(head.start, 0x1c);
  sb.writeUInt32BE(head.error ?? 0, 0x20);
  sb.writeUInt32BE(head.incompat ?? 0, 0x28);
  uuid.copy(sb, 0x30);
  sb.writeUInt8(4, 0x50);
  sb.writeUInt32BE(crc32c(0xffffffff, sb), 0xfc);
}

/** Where the checksums of the journal start. */
export const journalSeed = seed;
