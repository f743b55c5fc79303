import { Malformed } from './malformed.ts';

/** The bytes of a disk, a partition or a file system, read where they are. */
export interface DiskView {
  readonly bytes: number;
  /** `length` bytes from `offset` on, both within `bytes`; the result is not to be written to. */
  read(offset: number, length: number): Buffer;
}

/** As `view.read`, but throws Malformed where a number from the disk points outside of it. */
export function readInside(view: DiskView, offset: number, length: number): Buffer {
  if (!(offset >= 0 && length >= 0 && offset + length <= view.bytes))
    throw new Malformed(`bytes ${offset}-${offset + length - 1} are outside`);
  return view.read(offset, length);
}

/** A part of a view as a view of its own, cut where `view` ends. */
export function partView(view: DiskView, offset: number, bytes: number): DiskView {
  const start = Math.min(Math.max(offset, 0), view.bytes);
  return {
    bytes: Math.max(0, Math.min(bytes, view.bytes - start)),
    read: (at, length) => view.read(start + at, length),
  };
}

/** A view of bytes in memory. */
export function bufferView(buffer: Buffer): DiskView {
  return { bytes: buffer.length, read: (offset, length) => buffer.subarray(offset, offset + length) };
}

/** `view` with some of its blocks replaced. */
export function overlayView(
  view: DiskView,
  blockBytes: number,
  blocks: ReadonlyMap<number, Buffer>,
): DiskView {
  if (blocks.size === 0) return view;
  const read = (offset: number, length: number) => {
    const result = Buffer.from(view.read(offset, length));
    const end = offset + length;
    for (let block = Math.floor(offset / blockBytes); block * blockBytes < end; block += 1) {
      const start = block * blockBytes;
      const from = Math.max(offset, start);
      blocks.get(block)?.copy(result, from - offset, from - start, Math.min(end - start, blockBytes));
    }
    return result;
  };
  return { bytes: view.bytes, read };
}
