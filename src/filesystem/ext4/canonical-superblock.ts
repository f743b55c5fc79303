import { unlessMalformed } from '../malformed.ts';
import { parseSuperblock, superblockBytes } from './superblock.ts';

interface Field {
  offset: number;
  bytes: number;
  /** Why no user of the mounted file system can tell. */
  because: string;
}

/**
 * The fields of a superblock that change by themselves and that neither the kernel (fs/ext4/super.c, Linux 6.1) nor
 * e2fsck -p (e2fsck/super.c and unix.c, e2fsprogs 1.47) goes by. Left alone, as they may matter: s_state and the fields
 * of errors, the orphan list, the time of the last check, s_overhead, the backup of the journal inode, all that gives
 * the file system's shape, and the sequence of a snapshot or of multiple mount protection.
 */
const volatileFields: readonly Field[] = [
  { offset: 0x2c, bytes: 4, because: 's_mtime: only reported; one in the future e2fsck sets to now' },
  { offset: 0x275, bytes: 1, because: 's_mtime_hi: as s_mtime' },
  { offset: 0x30, bytes: 4, because: 's_wtime: as s_mtime' },
  { offset: 0x274, bytes: 1, because: 's_wtime_hi: as s_mtime' },
  { offset: 0x88, bytes: 64, because: 's_last_mounted: only reported' },
  { offset: 0x178, bytes: 8, because: 's_kbytes_written: only reported' },
  { offset: 0x3fc, bytes: 4, because: 's_checksum: right, as was checked, and follows from the rest' },
];

/** Both sum the groups' own counts at each mount and each check, and write these anew. */
const counts = { blocksLow: 0x4, freeBlocksLow: 0xc, blocksHigh: 0x150, freeBlocksHigh: 0x158 } as const;
const inodeCounts = { inodes: 0x0, freeInodes: 0x10 } as const;

const mountCount = 0x34;
const mostMounts = 0x36;
const incompatFeatures = 0x60;
const recover = 0x4;

/**
 * A copy of a superblock (1024 bytes at offset 1024 of the file system) with every field cleared that cannot influence
 * what a system sees of the file system once it is recovered and mounted; equal copies make equal file systems, as far
 * as the superblock goes. Undefined for one that the kernel would refuse, or whose features are not understood.
 */
export function canonicalSuperblock(superblock: Buffer): Buffer | undefined {
  if (superblock.length < superblockBytes) return undefined;
  const sound = unlessMalformed(
    () => parseSuperblock(superblock, Number.POSITIVE_INFINITY),
    () => undefined,
  );
  if (sound === undefined) return undefined;
  const copy = Buffer.from(superblock.subarray(0, superblockBytes));
  for (const { offset, bytes } of volatileFields) copy.fill(0, offset, offset + bytes);
  // s_mnt_count: where a file system is checked after so many mounts, e2fsck -p goes by it.
  if (copy.readInt16LE(mostMounts) <= 0) copy.writeUInt16LE(0, mountCount);
  // A count of more free blocks than there are blocks is damage, not a leftover.
  const wide = (number: Record<'low' | 'high', number>) =>
    copy.readUInt32LE(number.low) + copy.readUInt32LE(number.high) * 2 ** 32;
  const free = wide({ low: counts.freeBlocksLow, high: counts.freeBlocksHigh });
  if (free <= wide({ low: counts.blocksLow, high: counts.blocksHigh })) {
    copy.writeUInt32LE(0, counts.freeBlocksLow);
    copy.writeUInt32LE(0, counts.freeBlocksHigh);
  }
  if (copy.readUInt32LE(inodeCounts.freeInodes) <= copy.readUInt32LE(inodeCounts.inodes))
    copy.writeUInt32LE(0, inodeCounts.freeInodes);
  // RECOVER says that the journal is to be replayed, and that has been done.
  copy.writeUInt32LE(copy.readUInt32LE(incompatFeatures) & ~recover, incompatFeatures);
  return copy;
}

/** s_state, and the fields from s_error_count up to s_mount_opts (EXT4_S_ERR_START and _END of fs/ext4/ext4.h). */
const errorFields = [
  { offset: 0x3a, bytes: 2 },
  { offset: 0x194, bytes: 0x200 - 0x194 },
] as const;

/** Whether two superblocks tell of the same errors: recovery keeps these, whatever the journal has of them. */
export function sameErrors(one: Buffer, other: Buffer): boolean {
  return errorFields.every(({ offset, bytes }) =>
    one.subarray(offset, offset + bytes).equals(other.subarray(offset, offset + bytes)),
  );
}
