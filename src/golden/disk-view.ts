import type { DiskView } from '../filesystem/view.ts';
import { FileDisk } from '../nbd/file-disk.ts';

/** A raw disk image as its readers take it, until it is disposed of. Throws HarnessError `image-unreadable`. */
export async function openView(path: string): Promise<AsyncDisposable & { view: DiskView }> {
  const disk = await FileDisk.open(path);
  return {
    view: { bytes: disk.bytes, read: (offset, length) => disk.readNow(offset, length) },
    [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
  };
}
