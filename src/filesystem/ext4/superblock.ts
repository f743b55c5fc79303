import { crc32c } from '../../core/crc32c.ts';
import { Malformed } from '../malformed.ts';
import { type DiskView, readInside } from '../view.ts';

/** Where the superblock is in an ext4 file system, and how long it is. */
export const superblockOffset = 1024;
export const superblockBytes = 1024;

/** Why what is no ext4 at all is none. */
export const noSuperblock = 'no ext4 superblock';

/** Feature bits that this code asks for. */
export const compat = { journal: 0x4, sparseSuper2: 0x200 } as const;
export const incompat = {
  recover: 0x4,
  journalDevice: 0x8,
  metaBlockGroups: 0x10,
  bits64: 0x80,
  multipleMount: 0x100,
  checksumSeed: 0x2000,
} as const;
export const roCompat = { sparseSuper: 0x1, metadataChecksum: 0x400 } as const;

/**
 * filetype, recover, meta_bg, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, large_dir, inline_data, encrypt,
 * casefold: none but the file system's shape follows from them, and that is understood.
 */
const knownIncompat =
  0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000;

/** What an ext4 superblock says of its file system. */
export interface Superblock {
  blockBytes: number;
  blocks: number;
  /** 1 with blocks of 1 KiB but no bigalloc, or else 0. */
  firstDataBlock: number;
  blocksPerGroup: number;
  groups: number;
  inodes: number;
  inodesPerGroup: number;
  inodeBytes: number;
  descriptorBytes: number;
  firstMetaGroup: number;
  reservedDescriptorBlocks: number;
  /** With sparse_super2, the groups that hold a copy of the superblock; 0: none. */
  backupGroups: readonly number[];
  features: { compat: number; incompat: number; roCompat: number };
  metadataChecksum: boolean;
  /** Start of every metadata checksum but the superblock's own. */
  checksumSeed: number;
  journalInode: number;
  journalDevice: number;
  lastOrphan: number;
}

/**
 * Reads the superblock of an ext2, ext3 or ext4 file system (Linux, Documentation/filesystems/ext4/super.rst). Throws
 * Malformed if it is none, has features that are not understood, or says what cannot be.
 */
export function readSuperblock(view: DiskView): Superblock {
  if (view.bytes < superblockOffset + superblockBytes) throw new Malformed(noSuperblock);
  return parseSuperblock(readInside(view, superblockOffset, superblockBytes), view.bytes);
}

/** The superblock in these 1024 bytes, of a file system on a device of `deviceBytes`. */
export function parseSuperblock(sb: Buffer, deviceBytes: number): Superblock {
  if (sb.readUInt16LE(0x38) !== 0xef53) throw new Malformed(noSuperblock);
  const features = {
    compat: sb.readUInt32LE(0x5c),
    incompat: sb.readUInt32LE(0x60),
    roCompat: sb.readUInt32LE(0x64),
  };
  if (sb.readUInt32LE(0x4c) !== 1) throw new Malformed('an ext2 of revision 0');
  const unknown = features.incompat & ~knownIncompat;
  if (unknown !== 0) throw new Malformed(`unknown incompatible features 0x${unknown.toString(16)}`);
  const metadataChecksum = (features.roCompat & roCompat.metadataChecksum) !== 0;
  if (metadataChecksum && !superblockChecksumHolds(sb)) throw new Malformed('wrong superblock checksum');

  const logBlockBytes = sb.readUInt32LE(0x18);
  if (logBlockBytes > 6) throw new Malformed('impossible block size');
  const bits64 = (features.incompat & incompat.bits64) !== 0;
  const superblock: Superblock = {
    blockBytes: 1024 << logBlockBytes,
    blocks: sb.readUInt32LE(0x4) + (bits64 ? sb.readUInt32LE(0x150) * 2 ** 32 : 0),
    firstDataBlock: sb.readUInt32LE(0x14),
    blocksPerGroup: sb.readUInt32LE(0x20),
    groups: 0,
    inodes: sb.readUInt32LE(0x0),
    inodesPerGroup: sb.readUInt32LE(0x28),
    inodeBytes: sb.readUInt16LE(0x58),
    descriptorBytes: bits64 ? sb.readUInt16LE(0xfe) : 32,
    firstMetaGroup: sb.readUInt32LE(0x104),
    reservedDescriptorBlocks: sb.readUInt16LE(0xce),
    backupGroups: [sb.readUInt32LE(0x24c), sb.readUInt32LE(0x250)],
    features,
    metadataChecksum,
    checksumSeed:
      (features.incompat & incompat.checksumSeed) !== 0
        ? sb.readUInt32LE(0x270)
        : crc32c(0xffffffff, sb, 0x68, 0x78),
    journalInode: sb.readUInt32LE(0xe0),
    journalDevice: sb.readUInt32LE(0xe4),
    lastOrphan: sb.readUInt32LE(0xe8),
  };
  superblock.groups = Math.ceil(
    (superblock.blocks - superblock.firstDataBlock) / Math.max(1, superblock.blocksPerGroup),
  );
  checkShape(superblock, deviceBytes);
  return superblock;
}

/** Whether `s_checksum` is right: CRC-32C, from all ones, of what precedes it. */
function superblockChecksumHolds(sb: Buffer): boolean {
  return sb.readUInt8(0x175) === 1 && sb.readUInt32LE(0x3fc) === crc32c(0xffffffff, sb, 0, 0x3fc);
}

/** The limits that ext4_fill_super() (fs/ext4/super.c) holds a superblock to. */
function checkShape(sb: Superblock, deviceBytes: number): void {
  const bitsPerBlock = 8 * sb.blockBytes;
  const powerOfTwo = (n: number) => (n & (n - 1)) === 0;
  const sound =
    sb.firstDataBlock <= 1 &&
    sb.blocks > sb.firstDataBlock &&
    sb.blocksPerGroup >= 256 &&
    // With bigalloc a bitmap's bit is a cluster, of at most 2^16 blocks.
    sb.blocksPerGroup <= bitsPerBlock * 65536 &&
    sb.inodesPerGroup > 0 &&
    sb.inodesPerGroup <= bitsPerBlock &&
    sb.inodes === sb.groups * sb.inodesPerGroup &&
    sb.inodeBytes >= 128 &&
    sb.inodeBytes <= sb.blockBytes &&
    powerOfTwo(sb.inodeBytes) &&
    sb.descriptorBytes >= ((sb.features.incompat & incompat.bits64) !== 0 ? 64 : 32) &&
    sb.descriptorBytes <= 1024 &&
    powerOfTwo(sb.descriptorBytes);
  if (!sound) throw new Malformed('impossible superblock');
  const bytes = sb.blocks * sb.blockBytes;
  if (bytes > deviceBytes) throw new Malformed(`${bytes} bytes, of which ${deviceBytes} are there`);
}
