import { crc32c } from '../../core/crc32c.ts';
import { type Odd, odd } from '../malformed.ts';
import type { JournalGeometry } from './journal-geometry.ts';

/** Every block of the log that is not data starts with this (JBD2_MAGIC_NUMBER). */
export const journalMagic = 0xc03b3998;

/** How the blocks of a journal are written: what its features make of them. */
export interface JournalFormat {
  blockBytes: number;
  /** 64-bit block numbers in tags and revoke records. */
  wide: boolean;
  checksum: 'none' | 'v2' | 'v3';
  /** Bytes of a tag without its UUID. */
  tagBytes: number;
  checksumSeed: number;
  /** The log's blocks: from `first` up to, not including, `end`. */
  first: number;
  end: number;
}

/** A journal's superblock: where the log starts. */
export interface JournalHead {
  kind: 'head';
  format: JournalFormat;
  /** Equal for equal formats. */
  formatKey: string;
  /** Sequence number of the first transaction. */
  sequence: number;
  /** Its position in the journal; 0: the log is empty. */
  start: number;
}

const feature = { checksum: 1, revoke: 1, wide: 2, csumV2: 8, csumV3: 16 } as const;
const knownIncompat = feature.revoke | feature.wide | feature.csumV2 | feature.csumV3;
const superblockBytes = 1024;
const superblockV2 = 4;
const crc32cType = 4;
/** JBD2_MIN_JOURNAL_BLOCKS. */
const fewestBlocks = 1024;

/**
 * Reads the first block of a journal (include/linux/jbd2.h, `journal_superblock_s`) and refuses whatever
 * journal_get_superblock() of fs/jbd2/journal.c would, and more: version 1, the older checksums, asynchronous commits,
 * fast commits, and an error that awaits the next e2fsck.
 */
export function readJournalHead(block: Buffer, geometry: JournalGeometry): JournalHead | Odd {
  if (block.length < superblockBytes || block.readUInt32BE(0) !== journalMagic)
    return odd('the journal has no superblock');
  if (block.readUInt32BE(4) !== superblockV2) return odd('the journal superblock is not of version 2');
  if (block.readUInt32BE(12) !== geometry.blockBytes) return odd('the journal has another block size');
  const incompat = block.readUInt32BE(0x28);
  if (block.readUInt32BE(0x24) !== 0 || block.readUInt32BE(0x2c) !== 0 || (incompat & ~knownIncompat) !== 0)
    return odd('the journal has features that are not understood');
  const checksum = checksumKind(incompat);
  if (checksum === undefined) return odd('the journal has two kinds of checksum');
  if (checksum !== 'none' && !checksumHolds(block)) return odd('the journal superblock has a wrong checksum');
  if (block.readUInt32BE(0x20) !== 0) return odd('the journal has recorded an error');

  const [end, first] = [block.readUInt32BE(0x10), block.readUInt32BE(0x14)];
  const [sequence, start] = [block.readUInt32BE(0x18), block.readUInt32BE(0x1c)];
  if (end > geometry.blocks.length || first < 1 || first + fewestBlocks > end + 1)
    return odd('the journal has an impossible size');
  if (start !== 0 && (start < first || start >= end)) return odd('the log starts outside of the journal');
  const wide = (incompat & feature.wide) !== 0;
  const format: JournalFormat = {
    blockBytes: geometry.blockBytes,
    wide,
    checksum,
    tagBytes: tagBytesOf(checksum, wide),
    checksumSeed: crc32c(0xffffffff, block, 0x30, 0x40),
    first,
    end,
  };
  return { kind: 'head', format, formatKey: JSON.stringify(format), sequence, start };
}

function checksumKind(incompat: number): JournalFormat['checksum'] | undefined {
  const v2 = (incompat & feature.csumV2) !== 0;
  const v3 = (incompat & feature.csumV3) !== 0;
  if (v2 && v3) return undefined;
  if (v3) return 'v3';
  return v2 ? 'v2' : 'none';
}

/** journal_tag_bytes() of fs/jbd2/journal.c. */
function tagBytesOf(checksum: JournalFormat['checksum'], wide: boolean): number {
  if (checksum === 'v3') return 16;
  return (wide ? 12 : 8) + (checksum === 'v2' ? 2 : 0);
}

function checksumHolds(block: Buffer): boolean {
  if (block.readUInt8(0x50) !== crc32cType) return false;
  const copy = Buffer.from(block.subarray(0, superblockBytes));
  copy.writeUInt32BE(0, 0xfc);
  return block.readUInt32BE(0xfc) === crc32c(0xffffffff, copy);
}
