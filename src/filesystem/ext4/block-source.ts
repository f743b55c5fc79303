import type { DiskView } from '../view.ts';

/** The blocks of one content of a file system, with a name for what each holds. */
export interface BlockSource {
  /** Equal numbers if, and only if, equal content; the same over every source that a cache is used with. */
  id(block: number): number;
  /** The whole block; not to be written to. */
  read(block: number): Buffer;
}

/** Reads a view block by block; contents are told apart by their bytes. */
export class ViewSource implements BlockSource {
  private readonly view: DiskView;
  private readonly blockBytes: number;
  private readonly contents: Map<string, number>;

  /** `contents` names the contents; pass the same one to sources that are to be compared. */
  constructor(view: DiskView, blockBytes: number, contents = new Map<string, number>()) {
    this.view = view;
    this.blockBytes = blockBytes;
    this.contents = contents;
  }

  id(block: number): number {
    const key = this.read(block).toString('latin1');
    const known = this.contents.get(key);
    if (known !== undefined) return known;
    this.contents.set(key, this.contents.size);
    return this.contents.size - 1;
  }

  read(block: number): Buffer {
    return this.view.read(block * this.blockBytes, this.blockBytes);
  }
}
