import { type DiskView, overlayView } from '../view.ts';
import { ViewSource } from './block-source.ts';
import { copiedBlock, JournalReplayer } from './jbd2.ts';
import { journalGeometry } from './journal-geometry.ts';

/** An ext4 file system as recovery would leave it, journal and superblock apart; as it is where that is odd. */
export function recoveredView(view: DiskView): DiskView {
  const geometry = journalGeometry(view);
  if (geometry?.kind !== 'journal') return view;
  const source = new ViewSource(view, geometry.blockBytes);
  const replayed = new JournalReplayer(geometry).replay(source);
  if (replayed.kind === 'odd') return view;
  const blocks = new Map<number, Buffer>();
  for (const [block, copy] of replayed.writes) blocks.set(block, copiedBlock(source, copy));
  return overlayView(view, geometry.blockBytes, blocks);
}
