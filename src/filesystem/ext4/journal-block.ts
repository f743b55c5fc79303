import { crc32c } from '../../core/crc32c.ts';
import { type JournalFormat, journalMagic } from './journal-head.ts';

/** One block to be copied out of the log. */
export interface Tag {
  /** Where it belongs: a block of the file system. */
  block: number;
  /** Its first four bytes were zeroed, for they looked like the journal's magic number. */
  escaped: boolean;
  /** As stored; its low 16 bits with version 2, 0 with no checksums. */
  checksum: number;
  /** Has flags that mean nothing here. */
  strange: boolean;
}

/** A block of the log that starts with the magic number, read as what it says it is. */
export type LogBlock = { sequence: number; checksumHolds: boolean } & (
  | { kind: 'descriptor'; tags: readonly Tag[] }
  | { kind: 'revoke'; blocks: readonly number[] | undefined }
  | { kind: 'commit' }
  | { kind: 'unknown' }
);

const headerBytes = 12;
const tailBytes = 4;
const uuidBytes = 16;
const flag = { escape: 1, sameUuid: 2, lastTag: 8 } as const;
const knownFlags = flag.escape | flag.sameUuid | flag.lastTag;
const commitChecksumOffset = 16;

/** What a block of the log is; undefined for one without the magic number (include/linux/jbd2.h). */
export function readLogBlock(block: Buffer, format: JournalFormat): LogBlock | undefined {
  if (block.readUInt32BE(0) !== journalMagic) return undefined;
  const sequence = block.readUInt32BE(8);
  const checked = format.checksum !== 'none';
  switch (block.readUInt32BE(4)) {
    case 1: {
      const checksumHolds = !checked || sumHolds(block, block.length - tailBytes, format);
      return { kind: 'descriptor', sequence, checksumHolds, tags: readTags(block, format) };
    }
    case 2: {
      const checksumHolds = !checked || sumHolds(block, commitChecksumOffset, format);
      return { kind: 'commit', sequence, checksumHolds };
    }
    case 5: {
      const checksumHolds = !checked || sumHolds(block, block.length - tailBytes, format);
      return { kind: 'revoke', sequence, checksumHolds, blocks: readRevoked(block, format) };
    }
    default:
      return { kind: 'unknown', sequence, checksumHolds: false };
  }
}

/** jbd2_descriptor_block_csum_verify() and jbd2_commit_block_csum_verify(): the sum's own field counts as zeros. */
function sumHolds(block: Buffer, fieldOffset: number, { checksumSeed }: JournalFormat): boolean {
  const before = crc32c(checksumSeed, block, 0, fieldOffset);
  const field = crc32c(before, Buffer.alloc(4));
  return block.readUInt32BE(fieldOffset) === crc32c(field, block, fieldOffset + 4);
}

/**
 * count_tags() and jbd2_do_replay() of fs/jbd2/recovery.c: tags up to the last one or the end of the block; each is
 * followed by a UUID unless it has the one before it.
 */
function readTags(block: Buffer, format: JournalFormat): Tag[] {
  const { tagBytes, checksum, wide } = format;
  const end = block.length - (checksum === 'none' ? 0 : tailBytes);
  const tags: Tag[] = [];
  for (let at = headerBytes; at + tagBytes <= end; ) {
    const flags = block.readUInt16BE(at + 6);
    const high = wide ? block.readUInt32BE(at + 8) * 2 ** 32 : 0;
    tags.push({
      block: block.readUInt32BE(at) + high,
      escaped: (flags & flag.escape) !== 0,
      checksum: storedChecksum(block, at, checksum),
      strange: (flags & ~knownFlags) !== 0,
    });
    at += tagBytes + ((flags & flag.sameUuid) !== 0 ? 0 : uuidBytes);
    if ((flags & flag.lastTag) !== 0) break;
  }
  return tags;
}

/** `journal_block_tag3_t` has 32 bits after the block number's high half, `journal_block_tag_t` 16 before the flags. */
function storedChecksum(block: Buffer, at: number, kind: JournalFormat['checksum']): number {
  if (kind === 'none') return 0;
  return kind === 'v3' ? block.readUInt32BE(at + 12) : block.readUInt16BE(at + 4);
}

/** jbd2_block_tag_csum_verify(): over the transaction's number and the block as it is in the log. */
export function dataChecksum(block: Buffer, sequence: number, format: JournalFormat): number {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(sequence);
  const sum = crc32c(crc32c(format.checksumSeed, number), block);
  return format.checksum === 'v2' ? sum & 0xffff : sum;
}

/** scan_revoke_records(); undefined where the count is impossible. */
function readRevoked(block: Buffer, { checksum, wide }: JournalFormat): number[] | undefined {
  const end = block.readUInt32BE(headerBytes);
  if (end > block.length - (checksum === 'none' ? 0 : tailBytes)) return undefined;
  const revoked: number[] = [];
  const recordBytes = wide ? 8 : 4;
  for (let at = headerBytes + 4; at + recordBytes <= end; at += recordBytes) {
    revoked.push(wide ? Number(block.readBigUInt64BE(at)) : block.readUInt32BE(at));
  }
  return revoked;
}
