import { type Odd, odd, unlessMalformed } from '../malformed.ts';
import type { DiskView } from '../view.ts';
import { ViewSource } from './block-source.ts';
import { Canonicalizer } from './canonical.ts';
import { copiedBlock } from './jbd2.ts';
import { readSuperblock } from './superblock.ts';

/** A whole file system in canonical form: the blocks that are not as in the view, and those that do not matter. */
export interface CanonicalImage {
  kind: 'canonical';
  blockBytes: number;
  blocks: ReadonlyMap<number, Buffer>;
  dropped: ReadonlySet<number>;
}

/** The canonical form of one content of an ext4 file system, with the blocks' bytes. */
export function canonicalImage(view: DiskView): CanonicalImage | Odd {
  return unlessMalformed((): CanonicalImage | Odd => {
    const { blockBytes, blocks: count } = readSuperblock(view);
    const source = new ViewSource(view, blockBytes);
    const form = new Canonicalizer(blockBytes, count).form(source);
    if (form.kind === 'odd') return form;
    const blocks = new Map<number, Buffer>();
    for (const [block, copy] of form.writes) blocks.set(block, copiedBlock(source, copy));
    blocks.set(form.superblockAt, form.superblock);
    return { kind: 'canonical', blockBytes, blocks, dropped: form.dropped };
  }, odd);
}
