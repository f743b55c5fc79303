import type { RealExt4 } from './real-ext4.ts';

/** An ext4 on which a file is renamed over another: in the journal, then in place, then the journal is emptied. */
export interface RenamedFile {
  base: Buffer;
  blockBytes: number;
  /** The blocks in the order in which the kernel writes them. */
  writes: { block: number; content: Buffer }[];
  /** How many writes there were when the transaction was whole, and when all was in place. */
  committed: number;
  inPlace: number;
  /** The one block that the transaction changes: that of the folder. */
  folder: number;
}

/** `/etc/hosts` of a new file system becomes what `/etc/hosts.new` was. */
export function renamedFile(ext4: RealExt4): RenamedFile {
  const { blockBytes } = ext4;
  const block = (image: Buffer, at: number) => image.subarray(at * blockBytes, (at + 1) * blockBytes);
  const base = ext4.make({ 'etc/hosts': 'localhost\n', 'etc/hosts.new': 'localhost, controller\n' });
  const now = Buffer.from(base);
  const writes: RenamedFile['writes'] = [];
  const writeAll = (wanted: Buffer) => {
    for (const [at, content] of ext4.differences(now, wanted)) {
      writes.push({ block: at, content: Buffer.from(content) });
      content.copy(now, at * blockBytes);
    }
    return writes.length;
  };
  const renamed = ext4.after(base, [
    'unlink /etc/hosts',
    'ln /etc/hosts.new /etc/hosts',
    'unlink /etc/hosts.new',
  ]);
  const changes = ext4.differences(base, renamed);
  changes.delete(1);
  const committed = writeAll(ext4.journaled(base, [changes]));
  const next = Buffer.from(now);
  for (const [at, content] of changes) content.copy(next, at * blockBytes);
  const inPlace = writeAll(next);
  // As it is unmounted: the journal is emptied, then the superblock says that there is nothing to recover.
  const emptied = ext4.after(now, ['jr']);
  block(now, 1).copy(emptied, blockBytes);
  writeAll(emptied);
  block(base, 1).copy(emptied, blockBytes);
  writeAll(emptied);
  const [folder = 0, ...more] = changes.keys();
  if (more.length > 0) throw new Error('more than the folder has changed');
  return { base, blockBytes, writes, committed, inPlace, folder };
}
