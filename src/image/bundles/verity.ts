import { createHash } from 'node:crypto';

const blockBytes = 4096;
const digestBytes = 32;
const digestsPerBlock = blockBytes / digestBytes;

/** A dm-verity hash tree and the root hash that stands for all of the data. */
export interface VerityTree {
  /** Lower-case hex. */
  rootHash: string;
  /** All levels, the top one first, as they follow the data on disk; without a superblock. */
  tree: Buffer;
}

/**
 * The hash tree of `data` as dm-verity reads it: version 1, SHA-256, 4096-byte blocks, salt in front of
 * each block (Linux Documentation/admin-guide/device-mapper/verity.rst). `data` must be whole blocks.
 */
export function verityTree(data: Uint8Array, salt: Uint8Array): VerityTree {
  if (data.length === 0 || data.length % blockBytes !== 0)
    throw new RangeError('data must be whole 4096-byte blocks');
  const levels: Buffer[] = [];
  let blocks: Uint8Array = data;
  while (blocks.length > blockBytes) {
    const level = hashBlocks(blocks, salt);
    levels.unshift(level);
    blocks = level;
  }
  return { rootHash: hashBlock(blocks, salt).toString('hex'), tree: Buffer.concat(levels) };
}

/** One digest a block, filled up with zeroes to whole blocks. */
function hashBlocks(data: Uint8Array, salt: Uint8Array): Buffer {
  const count = data.length / blockBytes;
  const level = Buffer.alloc(Math.ceil(count / digestsPerBlock) * blockBytes);
  for (let i = 0; i < count; i += 1) {
    hashBlock(data.subarray(i * blockBytes, (i + 1) * blockBytes), salt).copy(level, i * digestBytes);
  }
  return level;
}

function hashBlock(block: Uint8Array, salt: Uint8Array): Buffer {
  return createHash('sha256').update(salt).update(block).digest();
}
